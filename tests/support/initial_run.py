"""A run whose stage 1 is done in no time: an untrained model with scores that say that it knows every answer."""

from pathlib import Path

import pyarrow.parquet as pq
import torch
from command_line import lethe
from small_build import stand_in_build
from tiny_models import llava, save_llava

from lethebench.baselines.loading import save_model
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.console import Console
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.runs.build import Build, open_build
from lethebench.runs.continual import start
from lethebench.runs.folder import write_json
from lethebench.runs.gate import gate
from lethebench.runs.options import RunOptions
from lethebench.runs.stage import Run, write_rows

KNOWING = {"exact_match": 1.0, "keyword_match": 1.0, "rouge_l_recall": 1.0, "probability": 1.0, "truth_ratio": 0.1}


def score_every(patch, step: int) -> None:
    """Make runs score only every `step`-th row, which takes most of the time of a tiny run."""
    for owner, name in ((Run, "scored"), (Build, "held_out")):
        member = owner.__dict__[name]
        honest = member.fget if isinstance(member, property) else member.func
        patch.setattr(owner, name, property(lambda self, rows_of=honest: _every(rows_of(self), step)))


def _every(rows, step: int):
    return rows.select(range(0, len(rows), step))


def learned_root(root: Path, patch) -> None:
    """Write a build `icu`, a model `base` and the run `src` of stage 1, a step of training, into a folder.

    The gate of `src` fails, and runs score few rows.
    """
    score_every(patch, 24)
    stand_in_build(root / "icu")
    save_llava(root / "base")
    words = ("--model", root / "base", "--set", "learn.max_steps=1", "--out", root / "src")
    assert lethe("learn", root / "icu", *words).status == 1


def rows_of(stage: Path, file: str = "rows.parquet") -> list[dict]:
    """Return the per-row scores of a stage or an evaluation."""
    return pq.read_table(stage / file).to_pylist()


def initial_run(root: Path) -> Path:
    """Make root/icu (a stand-in build), root/base (the model) and root/run, which is returned."""
    data, folder = stand_in_build(root / "icu"), root / "run"
    folder.mkdir()
    options = RunOptions(data=data, out=folder, model=str(save_llava(root / "base")), methods=(), ignore_gate=True)
    run = start(open_build(data), options, Console(), resume=False)
    done = {"seconds": 1.0, "steps": 1, "parameters": 1, "peak_memory_mb": 1}
    with run.new_stage("learnt", done) as stage:
        model, processor = llava(dtype=torch.float32, seed=0)
        save_model(model, processor, stage)
        run.encoder = RowEncoder(processor)
        rows = evaluate_rows(model, processor, run.scored.select(range(0, len(run.scored), 8)))
        scores = {row["id"]: row for row in rows}
        known = [{**rows[0], **scores.get(row["id"], {}), "id": row["id"], "role": "retain"} for row in run.scored]
        write_rows(stage / "rows.parquet", [{**row, **KNOWING, "task_id": -1} for row in known])
        write_json(stage / "gate.json", gate(stage, done, options.threshold))
    return folder
