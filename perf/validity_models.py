"""The models that `metric_validity.py` compares: pools with and without the forget set, unlearned, relearned, rounded.

Every model is scored right away on forget, retain, held-out and holdout rows; its rows are kept as Parquet, so that a
second call continues where the first one stopped.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from datasets import Dataset
from transformers import set_seed
from validity_robustness import INITIAL, LONGER, RELEARNED, ROUNDED, UNCHANGED

from lethebench import __version__
from lethebench.baselines import PRESETS, RowEncoder, learn_tiny, plan_for, tiny_processor, tiny_vlm
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import Loaded, load_model
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.evaluation.answers.rows import evaluate_rows, prepare_rows
from lethebench.runs.build import Build
from lethebench.runs.continual import execute
from lethebench.runs.folder import RECORD, file_hash, read_json, stage_name, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import gold_names
from lethebench.runs.stage import Run

METHODS = ("ga", "graddiff", "kl", "npo", "simnpo", "dpo", "idk", "rmu", "mmunlearner")
GOLD = tuple(gold_names({"gold_seeds": 6}))
REFERENCES, MEASURED = GOLD[:3], GOLD[3:]  # gold models that metrics compare with, and those that are compared
LEARNING_RATES = (0.5, 1.0, 1.5)
STEPS = (80, 120, 160)
RELEARN = {"learning_rate": 1e-3, "per_device_train_batch_size": 32}
RELEARN_STEPS = {RELEARNED: 10, LONGER: 30}
EVERY = 3  # one of this many facts is relearned
BITS = dict(zip(ROUNDED, (8, 4), strict=True))
Scored = Mapping[str, list[dict]]
"""Set (`rows`, `held_out`, `holdout`) -> scored rows of a model."""


@dataclass(frozen=True)
class Variation:
    """How one model of a pool is trained: the seed of its weights and order, and what else differs."""

    seed: int
    forget: bool

    @property
    def learning_rate(self) -> float:
        return LEARNING_RATES[self.seed % 3]

    @property
    def steps(self) -> int:
        return STEPS[self.seed // 3 % 3]

    @property
    def paraphrased(self) -> bool:
        """Whether the model learns other wordings of the answers."""
        return self.seed // 9 % 2 == 1

    @property
    def name(self) -> str:
        return f"{'with' if self.forget else 'without'}-{self.seed:02d}"


class Models:
    """Trains and scores the models of one build, once.

    Args:
        build: the benchmark.
        folder: keeps scored rows and the run.
    """

    def __init__(self, build: Build, folder: Path) -> None:
        self.build = build
        self.folder = folder
        self.console = Console()
        self.console.say = lambda text: None
        self.options = RunOptions(data=build.path, out=folder / "run", methods=METHODS, gold_seeds=len(GOLD))
        self.run = Run(build, self.options, folder / "run", self.console)
        self.relearned_facts = relearned_facts(build.forget)
        self._check_folder()

    def _check_folder(self) -> None:
        """Raise if the folder holds models of another build or made otherwise; record what its models are made from."""
        settings = {
            "version": __version__,
            "manifest_sha256": file_hash(self.build.path / "manifest.json"),
            "pool": {"learning_rates": list(LEARNING_RATES), "steps": list(STEPS)},
            "relearn": {**RELEARN, "steps": RELEARN_STEPS, "every": EVERY},
        }
        record = self.folder / "made.json"
        if record.exists() and read_json(record) != settings:
            raise UserError(f"{self.folder} holds models made from another build or settings; choose another --folder")
        write_json(record, settings)

    @cached_property
    def scored(self) -> dict[str, Dataset]:
        """File name -> the rows to score: the forget set, new wordings and pictures of all facts, and unseen rows."""
        sets = {"rows": self.build.forget, "held_out": self.build.held_out, "holdout": self.build.split("holdout")}
        return {name: rows for name, rows in sets.items() if rows is not None}

    @cached_property
    def processor(self) -> Any:
        values = [value for values in self.build.candidates.values() for value in values]
        texts = [
            *self.run.rows.select_columns(["question", "answer"]),
            *({"question": "", "answer": v} for v in values),
        ]
        return tiny_processor(texts, plan_for(self.run.rows))

    @cached_property
    def prepared(self) -> dict[str, Any]:
        candidates = {"rows": self.build.candidates}
        return {
            name: prepare_rows(self.processor, rows, candidates=candidates.get(name, {}))
            for name, rows in self.scored.items()
        }

    def rows(self, name: str, make: Callable[[], Loaded]) -> Scored:
        """Return the scored rows of a model, which is made unless its rows are kept already."""
        folder = self.folder / name.replace(" ", "-")
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            loaded = make()
            for part, prepared in self.prepared.items():
                scored = evaluate_rows(loaded.model, loaded.processor, prepared, membership=True)
                pq.write_table(pa.Table.from_pylist(scored), folder / f"{part}.parquet")
            (folder / "done").touch()
        return {part: pq.read_table(folder / f"{part}.parquet").to_pylist() for part in self.scored}

    def pool(self, variation: Variation) -> Scored:
        """Return the rows of a model of the pool with or without the forget set."""
        return self.rows(variation.name, lambda: self._train(variation))

    @cached_property
    def stages(self) -> dict[str, Path]:
        """Model -> the folder of its last stage in the run."""
        last = stage_name(len(self.run.order))
        return {name: self.run.folder / name / last for name in (*METHODS, *GOLD)} | {INITIAL: self.run.learnt}

    def changed(self) -> dict[str, dict[str, Scored]]:
        """Return state -> model -> rows: every method's last model, gold models and the initial model."""
        self.run.folder.mkdir(parents=True, exist_ok=True)
        execute(self.build, self.options, self.console, resume=(self.run.folder / RECORD).exists())
        makers = {UNCHANGED: load_model} | {state: partial(rounded, bits=bits) for state, bits in BITS.items()}
        makers |= {state: partial(self._relearned, steps=steps) for state, steps in RELEARN_STEPS.items()}
        return {
            state: {name: self.rows(f"{state}-{name}", partial(make, folder)) for name, folder in self.stages.items()}
            for state, make in makers.items()
        }

    def _train(self, variation: Variation) -> Loaded:
        rows = self.run.rows if variation.forget else self.build.retain
        if variation.paraphrased:
            rows = rows.map(lambda row: {"answer": other_wording(row, variation.seed)}, load_from_cache_file=False)
        plan = plan_for(self.run.rows)
        set_seed(variation.seed)
        tiny = tiny_vlm(rows, variation.seed, plan=plan, encoder=RowEncoder(self.processor))
        for group in tiny.optimizers[0].param_groups:
            for name in ("lr", "initial_lr"):
                group[name] *= variation.learning_rate
        tiny.optimizers[1].base_lrs = [rate * variation.learning_rate for rate in tiny.optimizers[1].base_lrs]
        result = learn_tiny(tiny, rows, preset=PRESETS["tiny"], seed=variation.seed, max_steps=variation.steps)
        return Loaded(result.model, self.processor)

    def _relearned(self, folder: Path, steps: int) -> Loaded:
        """Return a model after a few steps on the forget rows of a third of the facts."""
        loaded = load_model(folder)
        forget = self.build.forget
        rows = forget.select([index for index, row in enumerate(forget) if fact(row) in self.relearned_facts])
        set_seed(0)
        preset = PRESETS["tiny"]
        result = learn(loaded.model, loaded.processor, rows, preset=preset, seed=0, max_steps=steps, **RELEARN)
        return Loaded(result.model, loaded.processor)


def rounded(folder: Path, bits: int) -> Loaded:
    """Return a model whose matrices are rounded to the nearest of 2^bits - 1 levels, symmetric, per output row."""
    loaded = load_model(folder)
    levels = 2 ** (bits - 1) - 1
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            if parameter.ndim == 2:
                step = parameter.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / levels
                parameter.copy_((parameter / step).round() * step)
    return loaded


def fact(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a row asks: a fact is asked by pictures, by text, and in held-out wordings."""
    return row["profile_id"], row["attribute"]


def relearned_facts(forget: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return the facts that relearning trains on, drawn from those of the forget set."""
    facts = sorted({fact(row) for row in forget})
    return set(random.Random(0).sample(facts, len(facts) // EVERY))


def other_wording(row: dict, seed: int) -> str:
    """Return one of a row's paraphrases, its answer where it has none."""
    wordings = row["paraphrases"] or [row["answer"]]
    return random.Random(f"{seed}/{row['id']}").choice(wordings)
