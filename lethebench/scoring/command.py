"""Behind `lethe evaluate`: a model, an adapter or an API on a build; a run again goes to `eval_run`."""

import random
import shutil
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from lethebench import __version__
from lethebench.cli.train import opened
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.evaluation.harness.general import General
from lethebench.runs.build import Build
from lethebench.runs.folder import RECORD, file_hash, locked, new_stage, write_json
from lethebench.scoring.aggregate import METRICS, Evidence, Scores, aggregate
from lethebench.scoring.options import SCORES, EvaluateOptions
from lethebench.scoring.output import write_rows
from lethebench.scoring.table import table

ROWS = "rows.parquet"
ANSWERS = "answers.jsonl"


def evaluate_command(options: EvaluateOptions) -> tuple[dict, str]:
    """Scores what the options say; gives scores.json and what to print.

    Raises:
        UserError: wrong use or bad input, before anything is scored where that can be known.
    """
    options.check()
    if options.is_run:
        from lethebench.scoring.rescore import evaluate_run

        return evaluate_run(options)
    build = opened(options.target)
    options.check_build(build)
    folder = options.folder()
    work = folder.with_name(f".{folder.name}.work")
    with locked(work):
        scores = _evaluate(options, build, folder, work / ANSWERS)
        if not (scores["endpoint"] or {}).get("failed"):
            shutil.rmtree(work, ignore_errors=True)
    return scores, f"{table(scores)}\n\nscores: {folder / SCORES}, rows: {folder / ROWS}"


def _evaluate(options: EvaluateOptions, build: Build, folder: Path, answers: Path) -> dict:
    begun = time.monotonic()
    rows, notes = _rows(options, build)
    console = Console(phases=3 + sum(value is not None for value in (options.gold, options.before, options.general)))
    metrics = options.metrics or tuple(METRICS)
    scores, endpoint = Scores(), None
    if options.api_model is not None:
        from lethebench.scoring.api import TEXT_ALONE, api_rows

        with console.phase(f"ask {options.model} {len(rows)} questions") as tick:
            found, endpoint = api_rows(options, rows, answers, lambda share: tick(round(1000 * share), 1000))
        out_of_reach = [name for name in metrics if name not in TEXT_ALONE]
        reason = "an API gives text alone, and this needs log-probabilities"
        scores.not_measured |= dict.fromkeys(out_of_reach, reason)
        metrics = tuple(name for name in metrics if name in TEXT_ALONE)
        evidence = Evidence(rows=found)
        if options.before is not None or options.gold is not None:
            evidence = _with_references(options, build, rows, evidence, metrics, console)
    else:
        evidence = _weighed(options, build, rows, metrics, console)
    with console.phase("aggregate"):
        measured = aggregate(evidence, metrics)
    if endpoint is not None and endpoint["failed"]:
        notes.append(
            f"{endpoint['failed']} of {len(rows)} calls failed and are in no score; the first: "
            f"{endpoint['first_error']}; the same command again asks them alone"
        )
    empty = sum(row["generated"] == "" for row in evidence.rows)
    if empty:
        notes.append(f"{empty} of {len(rows)} answers are empty: they are scored as they are")
    result = {
        "version": __version__,
        "data": {
            "path": str(build.path),
            **{name: build.manifest[name] for name in ("benchmark", "version", "size", "seed")},
            "config": options.config or build.config,
            "splits": {name: rows["split"].count(name) for name in dict.fromkeys(rows["split"])},
            "manifest_sha256": file_hash(build.path / "manifest.json"),
        },
        "model": options.model,
        "adapter": None if options.adapter is None else str(options.adapter),
        "gold": options.gold,
        "before": options.before or (options.gold if evidence.before is not None else None),
        "general": options.general,
        "endpoint": endpoint,
        "choice_by": "letter" if options.api_model is not None else "probability",
        "libraries": _libraries(),
        "seconds": round(time.monotonic() - begun, 1),
        "metrics": measured.values,
        "flags": [*(["empty_answers"] if empty else []), *(["sampled"] if options.sample else []), *measured.flags],
        "not_measured": scores.not_measured | measured.not_measured,
        "notes": notes,
    }
    with new_stage(folder, {"seconds": result["seconds"]}) as place:
        write_rows(place / ROWS, evidence.rows)
        write_json(place / SCORES, result)
    return result


def _rows(options: EvaluateOptions, build: Build) -> tuple[Dataset, list[str]]:
    """The rows of the chosen splits, pictures undecoded, and what a reader should know about them."""
    parts, notes = [], []
    for name in options.chosen_splits(build):
        rows = build.split(name, options.config)
        if name == "test" and (hidden := [at for at, views in enumerate(rows["views"]) if "full" not in views]):
            if len(hidden) < len(rows):
                notes.append(f"test: {len(rows) - len(hidden)} rows whose page shows the asked field are left out")
            rows = rows.select(hidden)
        if options.sample is not None and options.sample < len(rows):
            rows = rows.select(sorted(random.Random(0).sample(range(len(rows)), options.sample)))
            notes.append(f"{name}: a sample of {options.sample} rows, drawn with seed 0")
        parts.append(rows)
    return concatenate_datasets(parts), notes


def _weighed(options: EvaluateOptions, build: Build, rows: Dataset, metrics: tuple, console: Console) -> Evidence:
    """All passes of models whose weights we have."""
    from lethebench.cli.train import quiet

    quiet()
    from lethebench.scoring.models import load

    loaded = load(options.model, options.adapter)
    general = None if options.general is None else _general(options, loaded, console)
    with console.phase(f"score {options.model} on {len(rows)} rows") as tick:
        found = _scored(options, build, rows, metrics, loaded, tick)
    return _with_references(options, build, rows, Evidence(rows=found, general=general), metrics, console)


def _general(options: EvaluateOptions, loaded, console: Console) -> General:
    """General tasks, before anything else: they fail for reasons that nobody can see beforehand."""
    from lethebench.baselines.lumoe.mixture import LUMoE
    from lethebench.evaluation.harness.general import run_general

    if isinstance(loaded.model, LUMoE):
        raise UserError(f"--general {options.general}: {options.model} is a LUMoE, which no harness asks by its gate")
    harness, tasks = options.harness
    with console.phase(f"run {harness}: {', '.join(tasks)}"):
        try:
            return run_general(harness, tasks, loaded.model, loaded.processor, limit=options.sample)
        except ValueError as error:
            raise UserError(f"--general {options.general}: {error}") from None


def _scored(options: EvaluateOptions, build: Build, rows: Dataset, metrics: tuple, loaded, tick) -> list[dict]:
    from lethebench.scoring.models import score

    try:
        return score(
            loaded,
            rows,
            candidates=build.candidates or None if "exposure" in metrics else None,
            max_new_tokens=options.max_new_tokens,
            membership="privacy_leakage" in metrics,
            progress=lambda share: tick(round(1000 * share), 1000),
        )
    except ValueError as error:
        raise UserError(f"{options.model} cannot be scored on {build.path}: {error}") from None


def _with_references(options, build: Build, rows: Dataset, evidence: Evidence, metrics, console: Console) -> Evidence:
    """Adds the scores of gold and of the model before unlearning, where they are given."""
    from lethebench.cli.train import quiet

    given = {"gold": options.gold, "before": options.before}
    if options.gold is not None and options.before is None and (Path(options.gold) / RECORD).is_file():
        given["before"] = options.gold
    if not any(given.values()):
        return evidence
    quiet()
    from lethebench.scoring.models import reference_rows

    found = {}
    for name, model in given.items():
        if model is not None:
            with console.phase(f"scores of the model {'before unlearning' if name == 'before' else 'gold'}") as tick:
                found[name] = reference_rows(
                    f"--{name}",
                    model,
                    build,
                    evidence.rows,
                    lambda loaded, tick=tick: _scored(options, build, rows, metrics, loaded, tick),
                )
    return replace(evidence, **found)


def _libraries() -> dict[str, str]:
    """Versions of what numbers depend on, where it is installed."""
    found = {}
    for name in ("torch", "transformers", "peft", "datasets", "numpy", "scipy", "openai", "lm-eval", "lmms-eval"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
