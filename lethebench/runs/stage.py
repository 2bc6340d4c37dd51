"""The stages of a run: train, gate, unlearn task by task with each method, retrain gold models, score every stage.

The run folder is the state. Each stage starts from the weights that the previous one saved, never from memory, so a run
that was killed and resumed takes the same steps as an uninterrupted one.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

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
from lethebench.contract.defaults import API_PREFIX
from lethebench.contract.own_folder import kept_file, remove_kept
from lethebench.errors import CheckFailed, UserError
from lethebench.runs.adapters import save_stage, without_adapter
from lethebench.runs.budget import Sample, Sampler
from lethebench.runs.build import Build
from lethebench.runs.by_api import ANSWERS_FILE, score_by_api
from lethebench.runs.by_vllm import engine_arguments, vllm_texts
from lethebench.runs.divergence import KNOWS_NOTHING, answers_nothing, check_divergence, unlearn_or_keep
from lethebench.runs.elsewhere import checkpoints_of
from lethebench.runs.folder import HELD_OUT, is_done, new_stage, stage_name, write_json
from lethebench.runs.gate import exact_match_text, gate
from lethebench.runs.inside import ScoreSteps, groups_of
from lethebench.runs.options import RunOptions
from lethebench.runs.placed import load_placed
from lethebench.runs.progress import GAP
from lethebench.runs.proof import GOLD, LEARNT, parent_of, seal
from lethebench.runs.provenance import library_versions, machine, peak_memory_mb
from lethebench.runs.recorder import Recorder
from lethebench.runs.records import GATE, read_done, read_gate, read_run
from lethebench.runs.representation import Representation
from lethebench.runs.requests import Request, request_of
from lethebench.runs.score import ScoredPart, routing, share_of
from lethebench.runs.scorer import Scorer, Scores
from lethebench.runs.settings import apply_settings
from lethebench.runs.summary import ROWS, read_rows
from lethebench.runs.training import Training, learn_all, unlearn_task
from lethebench.runs.world import world


class Run:
    """The stages of one run folder, each run once.

    Args:
        build: The benchmark.
        options: Checked options.
        folder: The run folder, locked by the caller.
        console: Shows progress.

    Attributes:
        again: Finished stages to run again.
        recorder: Keeps and prints what happens in stages.
    """

    def __init__(self, build: Build, options: RunOptions, folder: Path, console: Console) -> None:
        self.build = build = build.by_request(options.tasks_per_request)
        self.options = options
        self.folder = folder
        self.console = console
        self.preset = apply_settings(load_preset(options.preset, options.model), options.settings)
        self.order = options.task_order(build)
        self.again: set[str] = set()
        self.world = world()
        self.recorder = Recorder(folder, options, console)

    @property
    def learnt(self) -> Path:
        return self.folder / LEARNT

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of run.json."""
        return read_run(self.folder)

    def is_done(self, stage: str) -> bool:
        """Return whether a stage, such as `npo/t003`, is finished and need not be run again."""
        return stage not in self.again and is_done(self.folder / stage)

    @contextmanager
    def new_stage(self, stage: str, record: dict[str, Any], made_by: Mapping[str, Any] | None = None) -> Iterator[Path]:
        """Yield the new folder of a stage; done.json, with the entries of `record`, comes last.

        Args:
            stage: Its name.
            record: Content of done.json; may be filled inside the block.
            made_by: The `versions` and the `machine` of its training; None = those of this process.
        """
        with ExitStack() as stack:
            folder = self.world.main(lambda: stack.enter_context(new_stage(self.folder / stage, record)))
            yield folder
            if self.world.is_main:
                made_by = made_by or {"versions": library_versions(self.options.generate_with), "machine": machine()}
                seal(self.folder, self.record, stage, folder, record, made_by)
        self.again.discard(stage)
        self.recorder.finished(stage)

    def _save(self, loaded: Loaded, folder: Path) -> None:
        """Write the model of a stage, in the main process."""
        if self.world.is_main:
            save_model(loaded.model, loaded.processor, folder)

    @cached_property
    def rows(self) -> Dataset:
        """The rows of stage 1: forget and retain, and neighbours where the options say so."""
        return self._with_neighbours([self.build.forget, self.build.retain])

    def _with_neighbours(self, parts: list[Dataset]) -> Dataset:
        neighbour = self.build.neighbour if self.options.learn_neighbour else None
        return concatenate_datasets(parts if neighbour is None else [*parts, neighbour])

    @cached_property
    def encoder(self) -> RowEncoder:
        """The encoder of the processor that all stages share."""
        return RowEncoder(load_model(self.learnt, **self.preset.model).processor)

    @cached_property
    def scored(self) -> Dataset:
        """The rows that every stage is scored on: forget, retain and neighbour, trained on or not."""
        parts = [rows for rows in (self.build.forget, self.build.retain, self.build.neighbour) if rows is not None]
        return concatenate_datasets(parts)

    @cached_property
    def parts(self) -> dict[str, ScoredPart]:
        """File of a stage -> the rows that it holds the scores of; held-out rows are not ranked among candidates."""
        parts = {ROWS: ScoredPart(self.scored, self.build.candidates)}
        if self.build.held_out is not None and len(self.build.held_out):
            parts[HELD_OUT] = ScoredPart(self.build.held_out, {})
        return parts

    def request(self, stage: int) -> Request:
        """Return the request that stage 1, 2, ... answers."""
        return request_of(self.options, stage, self.order, self.build.forget, self.build.retain)

    def task(self, stage: int) -> Dataset:
        """Return the forget rows of the request that stage 1, 2, ... answers."""
        return self.request(stage).forget

    def not_asked(self, stage: int) -> Dataset:
        """Return the rows not requested to be forgotten up to a stage: the retain split and later tasks."""
        return concatenate_datasets([self.request(stage).waiting, self.build.retain])

    def learn(self) -> dict[str, Any]:
        """Run stage 1 and the gate; return gate.json.

        Raises:
            CheckFailed: The gate failed and the options do not ignore it.
        """
        title = f"train {self.options.model} on {len(self.rows)} rows"
        if self.is_done(LEARNT):
            self.console.skip(title)
        else:
            record: dict[str, Any] = {"stage": LEARNT}
            with self.new_stage(LEARNT, record) as folder:
                self._train(folder, record, title)
        verdict = read_gate(self.folder)
        if not verdict["passed"] and not self.options.ignore_gate:
            raise CheckFailed(
                f"memorization gate failed: exact match {exact_match_text(verdict)} (required: "
                f"{verdict['threshold']} per modality). What was not memorized cannot be unlearned: train longer, or "
                "pass --ignore-gate (results are then flagged)"
            )
        return verdict

    def _train(self, folder: Path, record: dict[str, Any], title: str) -> None:
        """Train, save, score and judge the initial model in a new stage folder."""
        values = [value for values in self.build.candidates.values() for value in values]
        with self.recorder.training(title, LEARNT, folder) as training:
            result, loaded = learn_all(
                self.options.model,
                self.preset,
                self.rows,
                values,
                seed=self.options.seed,
                callbacks=training.callbacks,
                checkpoints=training.checkpoints,
            )
        self._save(loaded, folder)
        record |= {"steps": result.steps, "seconds": training.seconds(result), "loss": result.loss}
        record |= {"parameters": describe(loaded.model)["total"], "peak_memory_mb": round(peak_memory_mb())}
        self.encoder = result.encoder
        self._score(loaded, folder, "the initial model")
        if self.world.is_main:
            write_json(folder / GATE, gate(folder, record, self.options.threshold))

    def unlearn(self, method: str, stage: int) -> None:
        """Run stage 1, 2, ... of a method: unlearn one request."""
        name = f"{method}/{stage_name(stage)}"
        title = f"{method}: unlearn task {stage} of {len(self.order)}"
        if self.is_done(name):
            self.console.skip(title)
            return check_divergence(self.options, name, read_done(self.folder, name))
        before = self.folder / (parent_of(name, self.record) or LEARNT)
        request = self.request(stage)
        forget, retain = request.unlearned, request.retain
        record: dict[str, Any] = {"stage": stage, "task_id": self.order[stage - 1], "method": method}
        with self.new_stage(name, record) as folder:
            with self.recorder.training(title, name, folder) as training:
                seed = stage_seed(self.options.seed, method, stage)
                inputs = self._stage(method, before, forget, retain, seed, training)
                if self.options.score_steps:
                    groups = groups_of(self.scored, self.order, stage, self.options.seed)
                    inside = ScoreSteps(groups, self.encoder.processor, self.options.score_steps)
                    inputs = replace(inputs, callbacks=[*inputs.callbacks, inside])
                    record["inside"] = inside.points
                if self.options.adapter != "shared":
                    inputs = replace(inputs, model=without_adapter(before, self.preset.model))
                result, loaded = unlearn_or_keep(inputs, before, self.options, self.console, record)
            choice = "shared" if record.get("diverged") else self.options.adapter
            loaded = save_stage(loaded, folder, choice, before, self.preset.model)
            record |= {"steps": result.steps, "seconds": training.seconds(result)}
            record |= {"settings": dict(self.preset.method_arguments(method)), "rows": len(request.forget)}
            record |= {"replayed": len(request.replayed)} if len(request.replayed) else {}
            record |= {"retain_rows": len(retain), "peak_memory_mb": round(peak_memory_mb())}
            rows = self._score(loaded, folder, f"{method} after task {stage}", self.sampler.sample(stage), record)
            record |= result.facts
            if shares := routing(rows, self.order[:stage]):
                record["routing"] = shares
            asked = self.order[:stage]
            if answers_nothing(rows, asked) and not answers_nothing(read_rows(self.learnt), asked):
                record.setdefault("diverged", KNOWS_NOTHING)
        check_divergence(self.options, name, record)

    def measure(self, method: str, stage: int) -> None:
        """Copy and score the checkpoint that was trained elsewhere, as stage 1, 2, ... of a method.

        Raises:
            UserError: The finished stage is of another checkpoint.
        """
        name, path = f"{method}/{stage_name(stage)}", checkpoints_of(self.options.checkpoints)[stage]
        title = f"{method}: copy {path}"
        if self.is_done(name):
            if (before := read_done(self.folder, name).get("checkpoint")) != path:
                raise UserError(
                    f"--checkpoints {stage}={path}: {self.folder / name} is of {before}; pass that, or another --out"
                )
            return self.console.skip(title)
        if path.startswith(API_PREFIX):
            return self._ask(name, path, stage)
        # The preset's revision is that of the initial model, which a checkpoint on the Hub does not have.
        settings = {key: value for key, value in self.preset.model.items() if key != "revision" or Path(path).is_dir()}
        request = self.request(stage)
        record = {"stage": stage, "task_id": request.task_id, "method": method, "checkpoint": path}
        with self.new_stage(name, record) as folder:
            with self.console.phase(title):
                loaded = load_placed(path, **settings)
                self._save(loaded, folder)
            record |= {"seconds": None, "settings": {}, "rows": len(request.forget)}
            self._score(loaded, folder, f"{method} after task {stage}", self.sampler.sample(stage), record)
            record["peak_memory_mb"] = round(peak_memory_mb())

    def _ask(self, name: str, path: str, stage: int) -> None:
        """Score the model behind an API, as stage 1, 2, ... of a method."""
        request, sample = self.request(stage), self.sampler.sample(stage)
        record = {"stage": stage, "task_id": request.task_id, "method": name.partition("/")[0], "checkpoint": path}
        with self.new_stage(name, record) as folder:
            answers, start = kept_file(self.folder / name, ANSWERS_FILE), time.monotonic()
            with self.console.phase(f"ask {path}") as tick:
                share = share_of(tick, 0, 1)
                scores, calls = self.world.main(
                    lambda: score_by_api(path, self.parts, sample, answers, progress=share, say=self.console.say)
                )
            self.recorder.scored(folder, scores, self.order, {"seconds": time.monotonic() - start})
            self._write(scores, folder)
            record |= {"seconds": None, "settings": {}, "rows": len(request.forget), "calls": calls}
            record |= {"peak_memory_mb": round(peak_memory_mb())} | ({"sampled": sample.facts} if sample else {})
        self.world.main(lambda: remove_kept(self.folder / name, ANSWERS_FILE))

    def gold(self, stage: int, gold: str = GOLD) -> None:
        """Retrain the model without what was requested to be forgotten up to a stage.

        Args:
            stage: The stage, from 1.
            gold: The folder, one of `gold_names`; each has a seed of its own.
        """
        name = f"{gold}/{stage_name(stage)}"
        rows = self._with_neighbours([self.not_asked(stage)])
        title = f"{gold}: retrain without tasks 1 to {stage}"
        if self.is_done(name):
            return self.console.skip(title)
        record: dict[str, Any] = {"stage": stage, "rows": len(rows)}
        with self.new_stage(name, record) as folder:
            with self.recorder.training(title, name, folder) as training:
                seed = stage_seed(self.options.seed, gold, stage)
                inputs = self._stage(RETRAIN, self.options.model, self.request(stage).asked, rows, seed, training)
                steps = {"max_steps": read_done(self.folder, LEARNT)["steps"]}
                result, loaded = unlearn_task(replace(inputs, overrides=steps))
            self._save(loaded, folder)
            record |= {"steps": result.steps, "seconds": training.seconds(result)}
            record |= {"peak_memory_mb": round(peak_memory_mb())}
            self._score(loaded, folder, f"the {gold} model", record=record)

    def _stage(
        self,
        method: str,
        model: Path | str,
        forget: Dataset,
        retain: Dataset,
        seed: int,
        training: Training,
    ) -> Stage:
        return Stage(
            method,
            str(model),
            self.encoder.processor,
            forget,
            retain,
            self.preset,
            seed=seed,
            encoder=self.encoder,
            callbacks=training.callbacks,
            checkpoints=training.checkpoints,
        )

    @cached_property
    def sampler(self) -> Sampler:
        """Draws the rows that the stages between the first and the last are scored on."""
        return Sampler(self.parts, self.order, self.options)

    @cached_property
    def representation(self) -> Representation | None:
        """Compares hidden states with those of the initial model; None unless the options ask for it."""
        most, rows = self.options.representation_rows, self.build.forget
        if most is None:
            return None
        return Representation(rows, self.order, most, self.options.seed, self.learnt, self.preset.model)

    @cached_property
    def scorer(self) -> Scorer:
        """Scores the models of all stages."""
        keeps, texts = not self.sampler.reduces, None
        if self.options.generate_with is not None:
            engine = engine_arguments(self.options.generate_with)
            texts = partial(vllm_texts, engine=engine, options=self.preset.model)
        return Scorer(self.parts, lambda: self.encoder, self.world, keeps=keeps, texts=texts)

    def score(self, loaded: Loaded, folder: Path, tick: Tick, sample: Sample | None = None) -> Scores:
        """Score the model saved in a stage's folder; return file -> scored rows, as `parts`, or those of a sample."""
        return self.scorer.score(loaded, folder, tick, sample)

    def _write(self, scores: Scores, folder: Path) -> None:
        """Write scored rows, in the main process."""
        for file, rows in scores.items() if self.world.is_main else ():
            write_rows(folder / file, rows)

    def _score(
        self,
        loaded: Loaded,
        folder: Path,
        name: str,
        sample: Sample | None = None,
        record: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        start, before = time.monotonic(), self.scorer.preparing
        with self.console.phase(f"score {name}") as tick:
            scores = self.score(loaded, folder, tick, sample)
        seconds = {"seconds": time.monotonic() - start, "prepared": self.scorer.preparing - before}
        self.recorder.scored(folder, scores, self.order, seconds)
        self._write(scores, folder)
        if sample is not None and record is not None:
            record["sampled"] = sample.facts
        if record is not None and self.representation is not None:
            start = time.monotonic()
            record["representation"] = self.representation.gaps(loaded)
            self.recorder.log(folder).write({"phase": GAP, "seconds": round(time.monotonic() - start, 3)})
        return scores[ROWS]


def stage_seed(seed: int, method: str, stage: int) -> int:
    """Return the seed of one stage, below 2^31: a function of the run's seed, the method and the stage alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{method}/{stage}".encode()).digest()[:4]) >> 1


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write scored rows as Parquet."""
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
