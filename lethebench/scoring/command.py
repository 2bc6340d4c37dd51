"""`lethe evaluate` on a build: score a model, an adapter or an API. A run folder is handed to `rescore`."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from datasets import Dataset, concatenate_datasets

from lethebench import __version__
from lethebench.console import Console, per_mille
from lethebench.contract.folder_kinds import EVALUATION
from lethebench.contract.own_folder import kept_file, remove_kept
from lethebench.errors import UserError
from lethebench.evaluation.harness.general import General
from lethebench.evaluation.metrics.measures import Evidence
from lethebench.evaluation.metrics.row_measures import likely_threshold
from lethebench.evaluation.metrics.rows import Rows
from lethebench.evaluation.registry import METRICS
from lethebench.runs.build import Build
from lethebench.runs.folder import RECORD, file_hash, new_stage, write_json
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.scoring.aggregate import aggregate
from lethebench.scoring.asked import asked_tasks, other_gold
from lethebench.scoring.judging import REPLIES_FILE, VERDICTS_FILE, Judging, Questions, sampled, write_verdicts
from lethebench.scoring.judging import dry_run as judging_dry_run
from lethebench.scoring.options import SCORES_FILE, EvaluateOptions, reference_folder
from lethebench.scoring.output import full_table, headline, write_rows

if TYPE_CHECKING:
    from lethebench.baselines.loading import Loaded
    from lethebench.evaluation.answers.vllm_engine import Texts

ROWS_FILE = "rows.parquet"
ANSWERS_FILE = "answers.sqlite"
LIBRARIES = ("torch", "transformers", "peft", "datasets", "numpy", "scipy", "openai", "lm-eval", "lmms-eval", "vllm")
"""Packages that results depend on; scores.json records their versions."""


def evaluate_command(options: EvaluateOptions, *, full: bool = False) -> tuple[dict, str]:
    """Score what the options name; return the content of scores.json and the text to print, `full` or the headline.

    Raises:
        UserError: wrong use or bad input, before anything is scored where that can be known.
    """
    options.check()
    if options.is_run:
        from lethebench.scoring.rescore import evaluate_run

        return evaluate_run(options, full=full)
    build = open_quietly(options.target)
    options.check_build(build)
    folder = options.folder()
    answers, record = kept_file(folder, ANSWERS_FILE), {"seconds": 0.0}
    if options.dry_run:
        return _dry_run(options, Evaluation(options, build), answers, kept_file(folder, REPLIES_FILE))
    with new_stage(folder, record, EVALUATION) as new:
        scores = Evaluation(options, build).run(new, answers, kept_file(folder, REPLIES_FILE))
        record["seconds"] = scores["seconds"]
    if not (scores["endpoint"] or {}).get("failed"):
        remove_kept(folder, ANSWERS_FILE)
    if not (scores["judges"] or {}).get("failed"):
        remove_kept(folder, REPLIES_FILE)
    text = full_table(scores) if full else headline(scores)
    more = "" if full else "; --all prints every aggregate"
    return scores, f"{text}\n\nscores: {folder / SCORES_FILE}, rows: {folder / ROWS_FILE}{more}"


def _dry_run(options: EvaluateOptions, evaluation: "Evaluation", answers: Path, replies: Path) -> tuple[dict, str]:
    """Return what the calls to APIs are likely to take; judges are taken to see answers as long as the true ones."""
    records: dict[str, dict] = {}
    texts = []
    if options.api_model is not None:
        from lethebench.scoring.api import dry_run

        record, text = dry_run(options, evaluation.rows, answers)
        records |= record
        texts.append(text)
    if options.judges.api_names:
        questions = Questions(evaluation.rows)
        rows = evaluation.rows.select_columns(["id", "split", "task_id", "question", "answer"]).to_list()
        items = [
            questions.item({**row, "generated": row["answer"], "modality": "image_text"})
            for row in sampled(rows, options.judges.sample)
        ]
        records["judges"], text = judging_dry_run(options.judges, items, replies)
        texts.append(text)
    return records, "\n".join(texts)


class Evaluation:
    """One evaluation of a model on a build, by checked options."""

    def __init__(self, options: EvaluateOptions, build: Build) -> None:
        self.options = options
        self.build = build
        metrics = options.chosen_metrics()
        self.metrics = [name for name in metrics if METRICS[name].from_text or options.api_model is None]
        self.needs_logprobs = [name for name in metrics if name not in self.metrics]
        references = [value for value in (options.gold, options.before) if value is not None]
        passes = len(references) + bool(references and "fluency" in metrics) + (options.general is not None)
        passes += bool(options.judges.names) + (options.generate_with is not None)
        self.console = Console(phases=3 + passes)
        self.rows, self.notes = self._chosen_rows()
        self.asked = asked_tasks(options, build)
        if self.asked.note is not None and "forget" in self.rows["split"]:
            self.notes.append(self.asked.note)

    def run(self, folder: Path, answers: Path, replies: Path) -> dict:
        """Score, judge, aggregate and write to a folder; return the content of scores.json.

        `answers` keeps the answers of an API, and `replies` those of its judges, until every call succeeded.
        """
        start = time.monotonic()
        endpoint = None
        judging = Judging(self.options.judges, replies, self.console) if self.options.judges.names else None
        if judging is not None:
            judging.probe()
        if self.options.api_model is not None:
            evidence, endpoint = self._evidence_from_api(answers)
        else:
            evidence = self._evidence_from_weights()
        agreement = None
        if judging is not None:
            evidence, agreement = self._judged(evidence, judging, folder)
        with self.console.phase("aggregate"):
            aggregates = aggregate(evidence, self.metrics)
        not_measured = dict.fromkeys(self.needs_logprobs, "an API gives text alone, and this needs log-probabilities")
        if endpoint is not None and endpoint["failed"]:
            self.notes.append(
                f"{endpoint['failed']} of {len(self.rows)} calls failed and are in no score; the first: "
                f"{endpoint['first_error']}; run the same command again to retry them"
            )
        empty = sum(row["generated"] == "" for row in evidence.rows)
        if empty:
            self.notes.append(f"{empty} of {len(self.rows)} answers are empty; they are scored like any other answer")
        flags = [*(["empty_answers"] if empty else []), *(["sampled"] if self.options.sample else [])]
        result = {
            **self._provenance(evidence, endpoint),
            "judges": None if judging is None else judging.record() | {"agreement": agreement},
            "seconds": round(time.monotonic() - start, 1),
            "metrics": aggregates.values,
            "flags": [*flags, *aggregates.flags],
            "not_measured": not_measured | aggregates.not_measured,
            "notes": self.notes,
        }
        write_rows(folder / ROWS_FILE, evidence.rows)
        write_json(folder / SCORES_FILE, result)
        return result

    def _judged(self, evidence: Evidence, judging: Judging, folder: Path) -> tuple[Evidence, dict]:
        """Return the evidence with the judges' figures in its rows, and how well they agree; write the verdicts."""
        title = f"judge the answers: {', '.join(self.options.judges.names)}"
        threshold = likely_threshold(evidence.before)
        chosen = sampled(evidence.rows, self.options.judges.sample)
        judgments = judging.judge(chosen, Questions(self.rows), title, threshold)
        write_verdicts(folder / VERDICTS_FILE, judgments.verdicts)
        self.notes += judging.notes()
        by_id = {row["id"]: columns for row, columns in zip(chosen, judgments.columns, strict=True)}
        empty = dict.fromkeys(judgments.columns[0])
        rows = [{**row, **by_id.get(row["id"], empty)} for row in evidence.rows]
        return replace(evidence, rows=rows), judgments.summary

    def _provenance(self, evidence: Evidence, endpoint: dict | None) -> dict:
        options, manifest = self.options, self.build.manifest
        splits = self.rows["split"]
        return {
            "version": __version__,
            "data": {
                "path": str(self.build.path),
                **self.build.hub,
                **{name: manifest[name] for name in ("benchmark", "version", "size", "seed")},
                "config": options.config or self.build.config,
                "splits": {name: splits.count(name) for name in dict.fromkeys(splits)},
                "manifest_sha256": file_hash(self.build.path / "manifest.json"),
            },
            "asked_tasks": self.asked.tasks,
            "model": options.model,
            "adapter": None if options.adapter is None else str(options.adapter),
            "gold": options.gold,
            "before": options.before or (options.gold if evidence.before is not None else None),
            "general": options.general,
            "endpoint": endpoint,
            "samples": self.options.samples,
            "generate_with": self.options.generate_with,
            "choice_by": "letter" if options.api_model is not None else "probability",
            "libraries": _library_versions(),
        }

    def _chosen_rows(self) -> tuple[Dataset, list[str]]:
        """Return the rows of the chosen splits, pictures undecoded, and notes on rows that are left out."""
        parts, notes = [], []
        for name in self.options.chosen_splits(self.build):
            rows = self.build.split(name, self.options.config)
            if name == "test":
                hidden = [index for index, views in enumerate(rows["views"]) if "full" not in views]
                if 0 < len(hidden) < len(rows):
                    notes.append(f"test: {len(rows) - len(hidden)} rows whose page shows the answer are left out")
                rows = rows.select(hidden) if hidden else rows
            sample = self.options.sample
            if sample is not None and sample < len(rows):
                rows = rows.select(sorted(random.Random(0).sample(range(len(rows)), sample)))
                notes.append(f"{name}: a sample of {sample} rows, drawn with seed 0")
            parts.append(rows)
        return concatenate_datasets(parts), notes

    def _evidence_from_api(self, answers: Path) -> tuple[Evidence, dict]:
        from lethebench.scoring.api import api_rows

        with self.console.phase(f"ask {self.options.model} {len(self.rows)} questions") as tick:
            scores, endpoint = api_rows(self.options, self.rows, answers, per_mille(tick), self.console.say)
        return self._with_references(Evidence(rows=self.asked.relabel(scores))), endpoint

    def _evidence_from_weights(self) -> Evidence:
        quiet_libraries(training=False)
        from lethebench.scoring.models import load

        loaded = load(self.options.model or "", self.options.adapter)
        general = None if self.options.general is None else self._general(loaded)
        adapter = None if self.options.adapter is None else str(self.options.adapter)
        with self.console.phase("generate answers with vLLM") if self.options.generate_with else nullcontext():
            texts = self._texts(loaded, self.options.model or "", adapter)
        with self.console.phase(f"score {self.options.model} on {len(self.rows)} rows") as tick:
            scores = self._scored(loaded, texts, per_mille(tick))
        return self._with_references(Evidence(rows=scores, general=general))

    def _general(self, loaded: "Loaded") -> General:
        """Run general tasks. They come first, because they fail for reasons that cannot be checked beforehand."""
        from lethebench.evaluation.harness.general import run_general

        option = f"--general {self.options.general}"
        if loaded.is_routed:
            raise UserError(f"{option}: {self.options.model} is a LUMoE, and a harness would bypass its gate")
        harness, tasks = self.options.harness or ("", ())
        with self.console.phase(f"run {harness}: {', '.join(tasks)}"):
            try:
                return run_general(harness, tasks, loaded.model, loaded.processor, limit=self.options.sample)
            except ValueError as error:
                raise UserError(f"{option}: {error}") from None

    def _texts(self, loaded: "Loaded", model: str, adapter: str | None = None) -> Mapping[str, "Texts"] | None:
        """Return the texts that another engine generates with a model; None without one."""
        if self.options.generate_with is None:
            return None
        from lethebench.runs.by_vllm import engine_arguments, vllm_texts

        engine = engine_arguments(self.options.generate_with)
        length, samples = self.options.max_new_tokens, self.options.samples
        return vllm_texts(loaded, model, self.rows, engine, adapter=adapter, max_new_tokens=length, samples=samples)

    def _scored(
        self, loaded: "Loaded", texts: Mapping[str, "Texts"] | None, progress: Callable[[float], None]
    ) -> list[dict]:
        from lethebench.scoring.models import score

        needs = {need for name in self.metrics for need in METRICS[name].needs}
        try:
            scores = score(
                loaded,
                self.rows,
                candidates=(self.build.candidates or None) if "candidates" in needs else None,
                max_new_tokens=self.options.max_new_tokens,
                membership="membership" in needs,
                samples=self.options.samples,
                texts=texts,
                progress=progress,
            )
        except ValueError as error:
            raise UserError(f"{self.options.model} cannot be scored on {self.build.path}: {error}") from None
        return self.asked.relabel(scores)

    def _scores_of(self, loaded: "Loaded", model: str, progress: Callable[[float], None]) -> list[dict]:
        return self._scored(loaded, self._texts(loaded, model), progress)

    def _with_references(self, evidence: Evidence) -> Evidence:
        """Add the scores of the gold and the initial model where they are given."""
        gold, before = self.options.gold, self.options.before
        if gold is not None and before is None and (Path(gold) / RECORD).is_file():
            before = gold
        if gold is None and before is None:
            return evidence
        quiet_libraries(training=False)
        from lethebench.scoring.models import has_weights, load, reference_rows, with_answer_logprobs

        references: dict[str, Rows] = {}
        for name, title, model in (("gold", "gold", gold), ("before", "initial", before)):
            if model is not None:
                with self.console.phase(f"score the {title} model") as tick:
                    scores_of = partial(self._scores_of, progress=per_mille(tick))
                    folder = reference_folder(model, name, self.asked.tasks)
                    if name == "gold" and (note := other_gold(folder, self.asked)):
                        self.notes.append(note)
                    references[name] = reference_rows(f"--{name}", model, folder, self.build, evidence.rows, scores_of)
        references["rows"] = evidence.rows
        if before is not None and "fluency" in self.metrics and (has_weights(folder) or not folder.exists()):
            with self.console.phase("score the answers under the initial model"):
                loaded = load(str(folder) if folder.exists() else before)
                for name, scores in references.items() if not loaded.is_routed else ():
                    references[name] = with_answer_logprobs(loaded, self.rows, scores)
        rows, gold_rows, before_rows = (references.get(name) for name in ("rows", "gold", "before"))
        return replace(evidence, rows=rows or (), gold=gold_rows, before=before_rows)


def _library_versions() -> dict[str, str]:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
