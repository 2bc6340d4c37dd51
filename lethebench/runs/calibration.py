"""What the parts of a run cost on this machine, from a few steps and rows of each, for `lethe run --dry-run`."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import TrainerCallback

from lethebench.baselines.learn import learn, learn_config, learn_tiny
from lethebench.baselines.loading import Loaded, load_model, save_model
from lethebench.baselines.stage import Stage
from lethebench.baselines.tiny import is_tiny
from lethebench.baselines.tiny.model import TinyVLM, tiny_processor, tiny_vlm
from lethebench.baselines.tiny.plan import plan_for
from lethebench.baselines.tiny.vision_warmup import warm_up
from lethebench.baselines.trainer.rows import EncodedRows, RowEncoder
from lethebench.evaluation.answers.prepare import PreparedRows, prepare_rows
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.evaluation.likelihood.api import score_encoded
from lethebench.runs.representation import Representation
from lethebench.runs.stage import Run, write_rows
from lethebench.runs.summary import ROWS, read_rows
from lethebench.runs.training import unlearn_task

STEPS = 5
"""Training steps of a calibration; the first is not counted."""
TRAINED, STORED = 128, 48
"""Rows that a calibration trains on, and writes and reads."""
TEXTS = 4_000
"""Rows whose texts the tokenizer of the embedded model is trained on in a calibration."""
PLAIN, RANKED = 96, 16
"""Rows scored in a calibration without and with their candidates."""
TRAINED_CANDIDATE = 0.65
"""Cost of a candidate by the embedded model when trained, where 1 is that after a few steps.

Its normalizers then need only part of the vocabulary. 0.60 to 0.67 on icu.
"""
HIDDEN = 8
"""Most rows with a picture whose hidden states are computed in a calibration."""
GENERATED = 0.4
"""Share of rows whose answer is generated; the scores of the others show it. 0.3 to 0.5 in runs of npo on icu."""


class StepClock(TrainerCallback):
    """Times the steps of a trainer and stops it after some.

    Attributes:
        seconds: Of each step.
        total: How many steps the trainer would have taken.
    """

    def __init__(self, clock: Callable[[], float], most: int = STEPS) -> None:
        self.clock = clock
        self.most = most
        self.seconds: list[float] = []
        self.total = 0
        self._start = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._start = self.clock()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Note the step, and stop after the last one."""
        self.seconds.append(self.clock() - self._start)
        self.total = max(self.total, state.max_steps)
        control.should_training_stop = control.should_training_stop or len(self.seconds) >= self.most
        return control

    @property
    def each(self) -> float:
        """The median of all steps but the first."""
        return statistics.median(self.seconds[1:] or self.seconds or [0.0])


@dataclass(frozen=True)
class ScoringCost:
    """Seconds of scoring: `stage` once, `row` and `candidate` each time, `new_row` and `new_candidate` at the first."""

    stage: float
    row: float
    candidate: float
    new_row: float
    new_candidate: float


def spread(count: int, most: int) -> list[int]:
    """Return at most `most` of the indices 0 .. count - 1, at even distances."""
    return sorted({int(index) for index in np.linspace(0, count - 1, min(count, most))}) if count else []


class Calibration:
    """Takes a few steps of each part of a run, in a temporary folder; the run folder is not touched.

    Args:
        run: The run, nothing of which has to exist.
        initial: Its finished initial model, None if it is to be trained.
        scratch: An empty folder.
        clock: Returns seconds: of the wall, or of this process for comparisons on a busy machine.
    """

    def __init__(self, run: Run, initial: Path | None, scratch: Path, clock: Callable[[], float]) -> None:
        self.run = run
        self.initial = initial
        self.scratch = scratch
        self.clock = clock

    def timed(self, work: Callable[[], Any]) -> tuple[float, Any]:
        """Return the seconds that work takes, and its result."""
        start = self.clock()
        result = work()
        return self.clock() - start, result

    @cached_property
    def training(self) -> tuple[float, float, Loaded]:
        """Seconds of stage 1 beside the encoding of its rows, seconds to encode them, and the model of a few steps."""
        run, rows = self.run, self.run.rows
        sample, steps = rows.select(spread(len(rows), TRAINED)), StepClock(self.clock)
        options: dict[str, Any] = {"preset": run.preset, "callbacks": [steps]}
        if is_tiny(run.options.model):
            seconds, tiny = self._tiny(rows)
            encoder, total = tiny.encoder, tiny.plan.steps
            encoding = self._encode(sample, encoder)
            warm = [self.timed(lambda count=count: self._warm(tiny, sample, count))[0] for count in (1, 4)]  # type: ignore[misc]
            seconds += tiny.plan.vision_steps * max(0.0, warm[1] - warm[0]) / 3
            whole, result = self.timed(lambda: learn_tiny(tiny, sample, **options))
        else:
            seconds, loaded = self.timed(lambda: load_model(run.options.model, **run.preset.model))
            encoder, total = RowEncoder(loaded.processor), self._steps_of(len(rows))
            encoding = self._encode(sample, encoder)
            options |= {"encoder": encoder}
            whole, result = self.timed(lambda: learn(loaded.model, loaded.processor, sample, **options))
        seconds += whole - sum(steps.seconds) + total * steps.each
        return seconds, encoding / len(sample) * len(rows), Loaded(result.model, encoder.processor)

    def _encode(self, rows: Dataset, encoder: RowEncoder) -> float:
        encoded = EncodedRows(rows, encoder)
        return self.timed(lambda: [encoded[index] for index in range(len(encoded))])[0]

    def _tiny(self, rows: Dataset) -> tuple[float, TinyVLM]:
        """Return the seconds of the tokenizer and the model of the embedded plan, not warmed up."""
        run = self.run
        plan = plan_for(rows)
        values = [value for values in run.build.candidates.values() for value in values]
        sample = rows.select(spread(len(rows), TEXTS)).select_columns(["question", "answer"])
        texts = [*sample, *({"question": "", "answer": value} for value in values)]
        seconds, processor = self.timed(lambda: tiny_processor(texts, plan))
        cold = replace(plan, vision_steps=0)
        tiny = tiny_vlm(rows.select([0]), run.options.seed, plan=cold, encoder=RowEncoder(processor))
        return seconds * len(rows) / len(sample), tiny._replace(plan=plan)

    def _warm(self, tiny: TinyVLM, rows: Dataset, count: int) -> None:
        plan = replace(tiny.plan, vision_steps=count, vision_batch=min(tiny.plan.vision_batch, len(rows)))
        warm_up(tiny.model, EncodedRows(rows, tiny.encoder), plan, seed=0)

    def _steps_of(self, rows: int) -> int:
        """Return the optimizer steps of stage 1."""
        args = learn_config(self.run.preset, str(self.scratch / "none"))
        if args.max_steps > 0:
            return args.max_steps
        per_epoch = -(-rows // (args.train_batch_size * args.world_size))
        return -int(-args.num_train_epochs * max(1, per_epoch // args.gradient_accumulation_steps) // 1)

    @cached_property
    def model(self) -> Loaded:
        """The initial model where it is finished, else that of a few steps."""
        return self.training[2] if self.initial is None else load_model(self.initial, **self.run.preset.model)

    @cached_property
    def encoder(self) -> RowEncoder:
        """The encoder of its processor."""
        return RowEncoder(self.model.processor)

    @cached_property
    def saved(self) -> tuple[float, Path, int]:
        """Seconds to save a stage, the folder with the model, and its size in bytes."""
        folder = self.scratch / "model"
        folder.mkdir()
        seconds, _ = self.timed(lambda: save_model(self.model.model, self.model.processor, folder))
        return seconds, folder, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def unlearning(self, method: str) -> tuple[float, int]:
        """Return the seconds of training one stage of a method and of saving it, and its optimizer steps."""
        seconds, folder, _ = self.saved
        selecting, request = self.timed(lambda: self.run.request(1))
        more, (forget, retain) = self.timed(lambda: (request.forget, request.retain))
        few = retain.select(spread(len(retain), 64))
        for rows in (forget, few):
            self._encode(rows, self.encoder)
        steps = StepClock(self.clock)
        inputs = Stage(
            method,
            str(folder),
            self.encoder.processor,
            forget,
            few,
            self.run.preset,
            seed=self.run.options.seed,
            encoder=self.encoder,
            callbacks=[steps],
        )
        whole, _ = self.timed(lambda: unlearn_task(inputs))
        return seconds + selecting + more + whole - sum(steps.seconds) + steps.total * steps.each, steps.total

    @cached_property
    def represented(self) -> float:
        """Seconds to compute the hidden states of one row with a picture, for the representation gap."""
        run = self.run
        few = [run.order[index] for index in spread(len(run.order), HIDDEN)]
        options = (run.options.seed, run.learnt, run.preset.model)
        representation = Representation(run.build.forget, few, max(1, HIDDEN // len(few)), *options)
        representation.centroids(self.model)  # the first call is slower
        return self.timed(lambda: representation.centroids(self.model))[0] / representation.count

    @cached_property
    def scoring(self) -> ScoringCost:
        """What scoring costs."""
        rows, candidates = self.run.scored, self.run.build.candidates
        plain = rows.select(spread(len(rows), PLAIN))
        self._prepared(rows.select(range(min(4, len(rows)))), {})  # the first call of all is slower
        new, prepared = self._prepared(plain, {})
        check = self._score(prepared)  # the first pass of a model tests how it may share prefixes
        length = round(statistics.mean(len(question.answers[0].ids) for question in prepared.encoded)) + 1
        each = min(self._score(self._prepared(plain, {})[1]) for _ in range(2)) / len(plain)
        whole = min(self._evaluate(self._prepared(plain, {})[1], length) for _ in range(2)) / len(plain)
        row = each + GENERATED * max(0.0, whole - each)
        self.run.sampler.sample(2)
        sampling, _ = self.timed(lambda: self.run.sampler.sample(3))
        stage, new_row = sampling + max(0.0, check - each * len(plain)), new / len(plain)
        asked = [index for index, attribute in enumerate(rows["attribute"]) if attribute in candidates]
        if not asked:
            return ScoringCost(stage, row, 0.0, new_row, 0.0)
        ranked = rows.select([asked[index] for index in spread(len(asked), RANKED)])
        new_ranked, prepared_ranked = self._prepared(ranked, candidates)
        count = sum(len(candidates[attribute]) for attribute in ranked["attribute"])
        self._score(prepared_ranked)
        candidate = max(0.0, self._score(prepared_ranked) - len(ranked) * each) / count
        candidate *= TRAINED_CANDIDATE if self.initial is None and is_tiny(self.run.options.model) else 1.0
        return ScoringCost(stage, row, candidate, new_row, max(0.0, new_ranked - len(ranked) * new_row) / count)

    def _prepared(self, rows: Dataset, candidates: Any) -> tuple[float, PreparedRows]:
        return self.timed(lambda: prepare_rows(self.encoder.processor, rows, candidates=candidates))

    def _score(self, prepared: PreparedRows) -> float:
        return self.timed(lambda: score_encoded(self.model.model, prepared.encoded, plans=prepared.plans))[0]

    def _evaluate(self, prepared: PreparedRows, length: int) -> float:
        model, processor = self.model.model, self.encoder.processor
        return self.timed(lambda: evaluate_rows(model, processor, prepared, max_new_tokens=length))[0]

    @cached_property
    def stored(self) -> tuple[float, float, float]:
        """Seconds to read a scored row, and its bytes on disk without and with its candidates, per candidate."""
        sample = self.run.scored.select(spread(len(self.run.scored), STORED))
        candidates = self.run.build.candidates
        sizes = []
        for values in ({}, candidates):
            rows = evaluate_rows(self.model.model, self.encoder.processor, sample, candidates=values)
            path = self.scratch / "rows.parquet"
            write_rows(path, rows * 20)
            sizes.append(path.stat().st_size / 20)
        reading, _ = self.timed(lambda: read_rows(self.scratch, ROWS))
        count = sum(len(candidates.get(attribute, ())) for attribute in sample["attribute"])
        return reading / (20 * len(sample)), sizes[0] / len(sample), max(0.0, sizes[1] - sizes[0]) / max(count, 1)
