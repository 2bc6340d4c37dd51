"""Make results from run folders: one for each method, over the seeds of an experiment."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from statistics import fmean
from typing import Any

from lethebench.attacks.records import read_attacks, worst_of
from lethebench.contract.errors import UserError
from lethebench.contract.records import Settings, read_record
from lethebench.report.load import load_run
from lethebench.report.repeat import commands, options_of
from lethebench.report.seeds import Group, group_runs
from lethebench.results.recompute import scores_of, stages_of_result
from lethebench.results.record import FORMAT, path_of
from lethebench.results.rows import PARTS, pack, questions_of
from lethebench.runs.folder import file_hash
from lethebench.runs.proof import LEARNT
from lethebench.runs.records import read_done
from lethebench.runs.summary import read_rows

KEPT = ("method", "seconds", "peak_memory_mb", "diverged", "sampled", "inside", "representation")
"""Entries of done.json that a summary depends on."""


@dataclass(frozen=True)
class Submission:
    """A result and its rows.

    Attributes:
        path: Of the result in a repository; the rows are beside it.
        result: Content of the file.
        rows: Content of the Parquet file.
    """

    path: PurePosixPath
    result: dict[str, Any]
    rows: bytes

    def files(self) -> dict[str, bytes]:
        """Return path -> content."""
        text = json.dumps(self.result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return {str(self.path): text.encode() + b"\n", str(self.path.with_suffix(".parquet")): self.rows}


def submissions(
    folders: Sequence[Path],
    *,
    methods: Sequence[str] | None,
    model: str | None,
    tuned: Sequence[Path],
    trials: int | None,
    link: str | None,
) -> list[Submission]:
    """Return the results of some runs.

    Args:
        folders: Run folders; those that differ only in the seed make one result.
        methods: Methods; None = all that are finished.
        model: Name of the model; None = as in the run, without folders.
        tuned: tuned.json of `lethe tune`, at most one for each method.
        trials: Stages tried for every method without a tuned.json.
        link: Address of a paper or of the code.

    Raises:
        UserError: A run is damaged, has no finished method, or the tuning does not fit.
    """
    groups = group_runs([load_run(folder) for folder in folders])
    searches = dict(map(_tuned, tuned))
    results = []
    for group in groups:
        finished = [name for name in group.methods if len(group.summaries(name)) == len(group.runs)]
        for name in finished if methods is None else methods:
            if name not in finished:
                listed = ", ".join(finished) or "none"
                raise UserError(f"{group.first.path}: {name} is not finished; the finished methods are {listed}")
            results.append(_submission(group, name, model, _tuning(group, name, searches, trials), link))
        if not finished:
            raise UserError(f"{group.first.path} has no finished method to submit; resume the run with --resume")
    return results


def _submission(group: Group, method: str, model: str | None, tuning: dict[str, Any], link: str | None) -> Submission:
    first = group.first
    record, options = first.record, options_of(first)
    data = record["data"]
    seeds = [_seed(run, method) for run in group.runs]
    summaries = [seed["summary"] for seed in seeds]
    parts = {part: read_rows(first.path / LEARNT, part) for part in PARTS if (first.path / LEARNT / part).is_file()}
    runs = {run.seed: run.path for run in group.runs}
    rows, count = pack(runs, {seed["seed"]: stages_of_result(seed, method) for seed in seeds})
    recorded = options.experiment()
    settings = dict(options.settings.get(method, {}))
    recorded["settings"] = {name: values for name, values in recorded["settings"].items() if name not in group.methods}
    for name in ("methods", "checkpoints", "model"):
        recorded.pop(name, None)
    result = {
        "format": FORMAT,
        "benchmark": data["benchmark"],
        "benchmark_version": data["version"],
        "size": data["size"],
        "data": {
            "path": "",
            **{name: data.get(name) for name in ("benchmark", "version", "size", "seed", "manifest_sha256")},
            "options": data.get("options", {}),
            "imported_from": data.get("imported_from") and PurePath(data["imported_from"]).name,
            "questions": questions_of(parts),
        },
        "model": model or options.model,
        "model_sha256": record.get("model_sha256"),
        "method": method,
        "elsewhere": bool(record.get("checkpoints")),
        "tasks": group.tasks,
        "options": recorded,
        "settings": settings,
        "tuning": tuning,
        "lethebench": record["version"],
        "versions": record["versions"],
        "machine": record.get("machine", {}),
        "trained": record.get("trained"),
        "commands": commands(first),
        "link": link,
        "seeds": seeds,
        "scores": scores_of(summaries),
        "attacks": _attacks(group, method),
        "rows": {"sha256": hashlib.sha256(rows).hexdigest(), "bytes": len(rows), "rows": count},
    }
    identity = hashlib.sha256(" ".join(sorted(seed["id"] for seed in seeds)).encode()).hexdigest()[:8]
    return Submission(path_of(result, f"t{group.tasks}-s{len(seeds)}-{identity}"), result, rows)


def _seed(run: Any, method: str) -> dict[str, Any]:
    record = run.record
    summary = next(entry.summary for entry in run.methods if entry.name == method)
    seed = {
        "id": record["id"],
        "seed": run.seed,
        "created": record.get("created"),
        "manifest_sha256": record["data"]["manifest_sha256"],
        "task_order": run.order,
        "threshold": record["threshold"],
        "gate": run.gate,
        "gold": run.gold,
        "summary": summary,
    }
    stages = {}
    for stage in stages_of_result(seed, method):
        done = read_done(run.path, stage)
        stages[stage] = {name: done[name] for name in KEPT if name in done}
    return seed | {"stages": stages}


def _attacks(group: Group, method: str) -> dict[str, dict[str, float]]:
    """Return attack -> mean recovery over the seeds whose last stage was attacked, and on how many."""
    values: dict[str, list[float]] = {}
    for run in group.runs:
        stage = read_attacks(run.path, group.tasks)
        if stage is None or method not in stage["models"]:
            continue
        model = stage["models"][method]
        attacks = dict.fromkeys(series["attack"] for series in stage["series"])
        worst = {attack: worst_of(stage, model, attack) for attack in attacks}
        worst[f"worst case, budget {stage['budget']}"] = model["worst_case_recovery"]
        for attack, value in worst.items():
            values.setdefault(attack, []).extend([] if value is None else [value])
    return {name: {"recovery": fmean(parts), "seeds": len(parts)} for name, parts in values.items() if parts}


def _tuned(path: Path) -> tuple[str, dict[str, Any]]:
    path = path / "tuned.json" if path.is_dir() else path
    content = read_record(path, Settings, cure="give tuned.json of lethe tune")
    return content["method"], content | {"tuned_sha256": file_hash(path), "path": path}


def _tuning(group: Group, method: str, searches: Mapping[str, dict[str, Any]], trials: int | None) -> dict[str, Any]:
    """Return the tuning of a method: by its tuned.json, else as declared, else none if it has no own settings."""
    run = group.first
    settings = options_of(run).settings.get(method, {})
    if (search := searches.get(method)) is not None:
        changed = [name for name, value in search["settings"].items() if settings.get(name) != value]
        if changed:
            raise UserError(
                f"{search['path']}: it chose {changed[0]} {search['settings'][changed[0]]}, and {run.path} was made "
                f"with {settings.get(changed[0], 'the one of the preset')}; give the tuned.json of this run"
            )
        if (data := search.get("search", {}).get("data")) != run.record["data"]["manifest_sha256"]:
            raise UserError(f"{search['path']} was made on another build ({data}) than {run.path}; tune on this build")
        names = ("trials", "failed", "tuned_sha256")
        return {name: search[name] for name in names if name in search} | {
            "utility": search.get("search", {}).get("utility")
        }
    if trials is not None:
        return {"trials": trials}
    if settings or run.record.get("checkpoints"):
        reason = "was trained elsewhere" if run.record.get("checkpoints") else f"has {next(iter(settings))} set by hand"
        raise UserError(
            f"{run.path}: {method} {reason}: pass --tuned with the tuned.json of lethe tune, or "
            "--trials with the number of settings that were tried (1 for the only one)"
        )
    return {"trials": 0}
