"""Group runs that differ only in their seed, to show mean and standard deviation instead of one value."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from lethebench.contract.escaping import file_names
from lethebench.report.load import RunRecord
from lethebench.runs.options import RunOptions
from lethebench.runs.provenance import DECISIVE

DATA = ("benchmark", "version", "size", "manifest_sha256")
RECORD = ("version", "preset_sha256", "trained", "task_order")
"""Entries of run.json that decide the numbers, besides the options."""


@dataclass(frozen=True)
class Stat:
    """A figure of one run, or of several seeds.

    Attributes:
        value: The figure, or the mean over seeds; None if not measured.
        low, high: The 95 % interval of one run, None if there is none.
        sd: Sample standard deviation over seeds, None for fewer than two.
        n: Number of runs with a figure.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    n: int = 1


@dataclass(frozen=True)
class Group:
    """Runs of one configuration, by seed.

    Attributes:
        key: Unique within the report; valid in file names and anchors.
        runs: At least one run.
    """

    key: str
    runs: tuple[RunRecord, ...]

    @property
    def first(self) -> RunRecord:
        return self.runs[0]

    @property
    def methods(self) -> list[str]:
        return [method.name for method in self.first.methods]

    def file_name(self, method: str) -> str:
        """Return the name of the heat map and matrix of a method."""
        return f"matrix-{file_names(self.methods)[method]}"

    @property
    def tasks(self) -> int:
        return len(self.first.order)

    def summaries(self, method: str) -> list[dict[str, Any]]:
        """Return the summary.json of a method in every run that finished it."""
        entries = [entry for run in self.runs for entry in run.methods if entry.name == method]
        return [entry.summary for entry in entries if entry.summary is not None]

    def final(self, method: str, name: str) -> Stat:
        """Return a figure of a method after the last stage, by its name in summary.json."""
        summaries = self.summaries(method)
        intervals = [(summary.get("intervals") or {}).get(name) for summary in summaries]
        return stat([summary["final"].get(name) for summary in summaries], intervals)

    def series(self, method: str, pick: Callable[[dict[str, Any]], Sequence[float | None]]) -> list[Stat]:
        """Return a series of summary.json, figure by figure; [] if no run finished the method."""
        series = [pick(summary) for summary in self.summaries(method)]
        return [stat(values) for values in zip(*series, strict=True)]

    def knowledge(self, method: str) -> list[list[float | None]]:
        """Return K, rows t = 0..T of T tasks each, mean over seeds; [] if no run finished the method."""
        stages = zip(*(summary["knowledge"] for summary in self.summaries(method)), strict=True)
        return [[stat(values).value for values in zip(*rows, strict=True)] for rows in stages]

    def gold(self, name: str) -> Stat:
        """Return a figure of the gold model that was retrained without any of the tasks."""
        return stat([(run.last_gold or {}).get(name) for run in self.runs])

    def gold_knowledge(self) -> list[float | None]:
        """Return G, one figure per task, mean over seeds; [] without gold."""
        knowledge = [run.gold["knowledge"] for run in self.runs if run.gold and run.gold.get("knowledge")]
        return [stat(values).value for values in zip(*knowledge, strict=True)]

    def initial_score(self, column: str) -> Stat:
        """Return the mean of a per-row score of the initial model over the forget rows of the run's tasks."""
        means = []
        for run in self.runs:
            rows = [row for row in run.learnt_rows or [] if row["task_id"] in set(run.order)]
            scores = [row[column] for row in rows if row[column] is not None]
            means.append(fmean(scores) if scores else None)
        return stat(means)

    def before(self, name: str) -> Stat:
        """Return entry t = 0 of a series: the initial model, the same for every method."""
        firsts = [[entry.summary[name][0] for entry in run.methods if entry.summary] for run in self.runs]
        return stat([values[0] if values else None for values in firsts])


def stat(values: Sequence[float | None], intervals: Sequence[Sequence[float | None] | None] = ()) -> Stat:
    """Return mean and standard deviation over runs; a single run keeps its interval."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return Stat(None, n=0)
    if len(values) == 1:
        low, high = intervals[0] if intervals and intervals[0] else (None, None)
        return Stat(finite[0], low, high)
    return Stat(fmean(finite), sd=stdev(finite) if len(finite) > 1 else None, n=len(finite))


def group_runs(runs: Sequence[RunRecord]) -> list[Group]:
    """Return the runs grouped by experiment, each seed once, in the order given."""
    groups: list[tuple[str, list[RunRecord]]] = []
    for run in runs:
        key = _experiment(run)
        for other, members in groups:
            if other == key and run.seed not in {member.seed for member in members}:
                members.append(run)
                break
        else:
            groups.append((key, [run]))
    several = len(groups) > 1
    return [
        Group(f"{index}-{_slug(members[0].name)}" if several else _slug(members[0].name), tuple(members))
        for index, (_, members) in enumerate(groups, start=1)
    ]


def _experiment(run: RunRecord) -> str:
    """Return a text that is equal for runs that differ only in their seed."""
    record = run.record
    parts = {
        "options": RunOptions.from_record(record).experiment(),
        "data": {name: record["data"].get(name) for name in DATA},
        "libraries": {name: (record.get("versions") or {}).get(name) for name in DECISIVE},
        **{name: record.get(name) for name in RECORD},
    }
    return json.dumps(parts, sort_keys=True)


def _slug(name: str) -> str:
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in letters.split("-") if part)[:40] or "run"
