"""The context of an attack on an untrained model over a stand-in build."""

from pathlib import Path

import torch
from small_build import shared_stand_in_build
from tiny_models import llava

from lethebench.attacks.context import Context, Prepared, split_rows
from lethebench.attacks.registry import Budget
from lethebench.baselines.loading import Loaded
from lethebench.baselines.presets import load_preset
from lethebench.runs.build import open_build

BUDGET = Budget(rows=16, samples=2, steps=(1,), train_rows=4, beams=2)


def untrained(seed: int = 0) -> Loaded:
    """Return a tiny model and its processor."""
    return Loaded(*llava(dtype=torch.float32, seed=seed))


def attack_context(scratch: Path, build_path: Path | None = None, budget: Budget = BUDGET) -> Context:
    """Return the context after all requests of a build."""
    build = open_build(build_path or shared_stand_in_build())
    facts = list(zip(build.forget["profile_id"], build.forget["attribute"], strict=True))
    split = split_rows(facts, budget.rows, 0)
    return Context(
        build=build,
        stage=build.tasks,
        asked=tuple(range(build.tasks)),
        seed=0,
        budget=budget,
        preset=load_preset("tiny", "tiny"),
        rows=build.forget.select(split.scored),
        trainable=build.forget.select(split.trainable),
        retain=build.retain,
        scratch=scratch,
        prepared=Prepared(),
        reload=untrained,
        initial=lambda: untrained(1),
        gold=lambda: None,
    )
