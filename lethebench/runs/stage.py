"""A whole continual run: learn, gate, unlearn task by task with each method, retrain gold, score every stage.

The run folder is the state. Each stage starts from the weights that the stage before it saved, never from memory, so a
run that was killed and resumed takes the same steps as one that was left alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, concatenate_datasets

from lethebench.baselines.loading import Loaded, load_model, save_model
from lethebench.baselines.presets import load_preset
from lethebench.baselines.registry import RETRAIN
from lethebench.baselines.stage import Stage
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.baselines.trainer.weights import describe
from lethebench.console import Console, Tick
from lethebench.errors import CheckFailed
from lethebench.evaluation.answers.rows import PreparedRows, evaluate_rows, prepare_rows
from lethebench.runs.build import Build
from lethebench.runs.folder import DONE, is_done, new_stage, read_json, stage_name, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.provenance import peak_memory_mb
from lethebench.runs.score import routing, score_stage
from lethebench.runs.settings import apply_settings
from lethebench.runs.training import Ticks, learn_all, unlearn_task

ROWS = "rows.parquet"
HELD_OUT = "held_out.parquet"
NEIGHBOUR = "neighbour"
GOLD = "gold"


class Run:
    """The stages of one run folder, each made once.

    Args:
        build: what is learnt and forgotten.
        options: checked options.
        folder: the run folder, locked by the caller.
        console: shows progress.
    """

    def __init__(self, build: Build, options: RunOptions, folder: Path, console: Console) -> None:
        self.build = build
        self.options = options
        self.folder = folder
        self.console = console
        self.preset = apply_settings(load_preset(options.preset, options.model), options.settings)
        self.order = options.task_order(build)

    @property
    def learnt(self) -> Path:
        return self.folder / "learnt"

    @cached_property
    def rows(self) -> Dataset:
        """What stage 1 learns: every row of forget and retain, and those of neighbours where the options say so."""
        return self._with_neighbours([self.build.forget, self.build.retain])

    def _with_neighbours(self, parts: list[Dataset]) -> Dataset:
        return concatenate_datasets([*parts, self.build.neighbour] if self.options.learn_neighbour else parts)

    @cached_property
    def encoder(self) -> RowEncoder:
        """Of the processor that all stages of the run share."""
        return RowEncoder(load_model(self.learnt, **self.preset.model).processor)

    @cached_property
    def prepared(self) -> PreparedRows:
        """`scored`, ready for the processor that all stages share."""
        return prepare_rows(self.encoder.processor, self.scored, candidates=self.build.candidates)

    @cached_property
    def scored(self) -> Dataset:
        """The rows that every stage is scored on: to be forgotten, kept, and of neighbours, learnt or not."""
        parts = [rows for rows in (self.build.forget, self.build.retain, self.build.neighbour) if rows is not None]
        return concatenate_datasets(parts)

    def task(self, stage: int) -> Dataset:
        """The rows of the request that stage 1, 2, ... answers."""
        wanted = self.order[stage - 1]
        return self.build.forget.select([i for i, task in enumerate(self.build.forget["task_id"]) if task == wanted])

    def not_asked(self, stage: int) -> Dataset:
        """The rows that nobody asked to forget up to this stage: the retain split and the tasks still to come."""
        asked = set(self.order[:stage])
        waiting = [i for i, task in enumerate(self.build.forget["task_id"]) if task not in asked]
        return concatenate_datasets([self.build.forget.select(waiting), self.build.retain])

    def retained(self, stage: int) -> Dataset:
        """The rows that a retain term of stage 1, 2, ... may use, as the options say."""
        if self.options.retain == "rest":
            return self.not_asked(stage)
        if self.options.retain == "fixed":
            return self.build.retain
        wanted = self.order[stage - 1]
        tasks = self.build.retain["retain_task_id"]
        return self.build.retain.select([i for i, task in enumerate(tasks) if task == wanted])

    def learn(self) -> dict:
        """Stage 1 and the gate. Gives gate.json.

        Raises:
            CheckFailed: the gate says no and the options do not ignore it.
        """
        title = f"learn {len(self.rows)} rows with {self.options.model}"
        if is_done(self.learnt):
            self.console.skip(title, phases=3)
        else:
            record = {"stage": "learnt"}
            with new_stage(self.learnt, record) as folder:
                values = [value for values in self.build.candidates.values() for value in values]
                with self.console.phase(title) as tick:
                    result, loaded = learn_all(
                        self.options.model, self.preset, self.rows, values, seed=self.options.seed, tick=tick
                    )
                save_model(loaded.model, loaded.processor, folder)
                record |= {"steps": result.steps, "seconds": round(result.seconds, 2), "loss": result.loss}
                record |= {"parameters": describe(loaded.model)["total"], "peak_memory_mb": round(peak_memory_mb())}
                self.__dict__["encoder"] = RowEncoder(loaded.processor)
                self._score(loaded, folder, "the learnt model")
                title = "score held-out wordings and pictures"
                title += ": the build has none" if self.build.held_out is None else ""
                with self.console.phase(title) as tick:
                    if self.build.held_out is not None:
                        write_rows(folder / HELD_OUT, self._scores(loaded, self.build.held_out, tick))
                write_json(folder / "gate.json", gate(folder, record, self.options.threshold))
        verdict = read_json(self.learnt / "gate.json")
        if not verdict["passed"] and not self.options.ignore_gate:
            found = ", ".join(
                f"{name} {verdict[name]:.3f}" for name in ("image_text", "text") if verdict[name] is not None
            )
            raise CheckFailed(
                f"the gate says no: exact match is {found}, and {verdict['threshold']} is asked of each. What was not "
                f"learnt cannot be forgotten: train for longer, or go on with --ignore-gate (results are then flagged)"
            )
        return verdict

    def unlearn(self, method: str, stage: int) -> None:
        """Stage 1, 2, ... of a method: one request to forget."""
        place = self.folder / method / stage_name(stage)
        title = f"{method}: forget task {stage} of {len(self.order)}"
        if is_done(place):
            return self.console.skip(title)
        before = self.learnt if stage == 1 else self.folder / method / stage_name(stage - 1)
        retain = self.retained(stage)
        record = {"stage": stage, "task_id": self.order[stage - 1], "method": method}
        with new_stage(place, record) as folder:
            with self.console.phase(title) as tick:
                seed = stage_seed(self.options.seed, method, stage)
                result, loaded = unlearn_task(self._stage(method, before, self.task(stage), retain, seed, tick))
            save_model(loaded.model, loaded.processor, folder)
            record |= {"steps": result.steps, "seconds": round(result.seconds, 2), "settings": self._settings(method)}
            record |= {
                "rows": len(self.task(stage)),
                "retain_rows": len(retain),
                "peak_memory_mb": round(peak_memory_mb()),
            }
            rows = self._score(loaded, folder, f"{method} after task {stage}")
            record |= result.facts
            if routed := routing(rows, self.order[:stage]):
                record["routing"] = routed

    def gold(self, stage: int) -> None:
        """The model retrained without what was asked to be forgotten up to this stage."""
        place = self.folder / GOLD / stage_name(stage)
        rows = self._with_neighbours([self.not_asked(stage)])
        title = f"gold: learn again without tasks 1 to {stage}"
        if is_done(place):
            return self.console.skip(title)
        record = {"stage": stage, "rows": len(rows)}
        with new_stage(place, record) as folder:
            with self.console.phase(title) as tick:
                asked = set(self.order[:stage])
                forget = self.build.forget.select(
                    [i for i, task in enumerate(self.build.forget["task_id"]) if task in asked]
                )
                seed = stage_seed(self.options.seed, GOLD, stage)
                inputs = self._stage(RETRAIN, self.options.model, forget, rows, seed, tick)
                steps = {"max_steps": read_json(self.learnt / DONE)["steps"]}
                result, loaded = unlearn_task(replace(inputs, overrides=steps))
            save_model(loaded.model, loaded.processor, folder)
            record |= {"steps": result.steps, "seconds": round(result.seconds, 2)}
            record |= {"peak_memory_mb": round(peak_memory_mb())}
            self._score(loaded, folder, "gold")

    def _stage(self, method: str, model: Path | str, forget: Dataset, retain: Dataset, seed: int, tick: Tick) -> Stage:
        return Stage(
            method,
            str(model),
            self.encoder.processor,
            forget,
            retain,
            self.preset,
            seed=seed,
            encoder=self.encoder,
            callbacks=[Ticks(tick)],
        )

    def _score(self, loaded: Loaded, folder: Path, what: str) -> list[dict]:
        with self.console.phase(f"score {what}") as tick:
            rows = score_stage(self, loaded, tick)
            write_rows(folder / ROWS, rows)
        return rows

    def _scores(self, loaded: Loaded, rows: PreparedRows | Dataset, tick: Tick) -> list[dict]:
        return evaluate_rows(
            loaded.model, loaded.processor, rows, progress=lambda share: tick(round(1000 * share), 1000)
        )

    def _settings(self, method: str) -> dict:
        return dict(self.preset.method_arguments(method))


def stage_seed(seed: int, method: str, stage: int) -> int:
    """The seed of one stage: a function of the run's seed and the stage alone, below 2^31."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{method}/{stage}".encode()).digest()[:4]) >> 1


def gate(folder: Path, record: dict, threshold: float) -> dict:
    """The verdict on stage 1: exact match per modality on forget and retain rows, held-out wordings beside it.

    Rows about neighbours are reported and do not count: nobody asks to forget them.
    """
    there = [name for name in (ROWS, HELD_OUT) if (folder / name).is_file()]  # an import may have no test rows
    scored, held_out = [*(pq.read_table(folder / name).to_pylist() for name in there), []][:2]
    learnt = [row for row in scored if row["role"] != NEIGHBOUR]
    neighbours = [row for row in scored if row["role"] == NEIGHBOUR]
    found = {modality: _exact(learnt, modality) for modality in ("image_text", "text")}
    ranked = [row["exposure_normalised"] for row in learnt if row["exposure_normalised"] is not None]
    return {
        "threshold": threshold,
        **found,
        "passed": all(value is None or value >= threshold for value in found.values()),
        "held_out": {modality: _exact(held_out, modality) for modality in ("image_text", "text")},
        "neighbour": {modality: _exact(neighbours, modality) for modality in ("image_text", "text")},
        "exposure_normalised": sum(ranked) / len(ranked) if ranked else None,
        "rows": len(learnt),
        **{name: record[name] for name in ("parameters", "steps", "seconds")},
    }


def _exact(rows: Sequence[dict], modality: str) -> float | None:
    found = [row["exact_match"] for row in rows if row["modality"] == modality]
    return sum(found) / len(found) if found else None


def write_rows(path: Path, rows: list[dict]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)
