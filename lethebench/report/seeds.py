"""Groups runs that differ in their seed alone, for a mean and standard deviation in place of one value."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from lethebench.report.load import Method, Run
from lethebench.runs.options import RunOptions
from lethebench.runs.provenance import DECISIVE

DATA = ("benchmark", "version", "size", "manifest_sha256")
RECORD = ("version", "preset_sha256", "trained", "task_order")
"""Entries of run.json that decide the numbers beside the options."""


@dataclass(frozen=True)
class Stat:
    """A figure of one run, or of several seeds.

    Attributes:
        value: the figure, or the mean over seeds; None where it was not measured.
        low, high: the 95 % interval of one run, None where there is none.
        sd: sample standard deviation over seeds, None below two seeds.
        n: how many runs gave a figure.
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
        key: unique within the report, fit for file names and anchors.
        runs: at least one.
    """

    key: str
    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        return self.runs[0]

    @property
    def methods(self) -> list[str]:
        return [method.name for method in self.first.methods]

    @property
    def tasks(self) -> int:
        return len(self.first.order)

    def of(self, method: str) -> list[Method]:
        """A method in every run that finished it."""
        found = [entry for run in self.runs for entry in run.methods if entry.name == method]
        return [entry for entry in found if entry.summary is not None]

    def final(self, method: str, name: str) -> Stat:
        """A figure of a method after the last stage, by its name in summary.json."""
        done = [entry.summary for entry in self.of(method)]
        intervals = [(summary.get("intervals") or {}).get(name) for summary in done]
        return stat([summary["final"].get(name) for summary in done], intervals)

    def series(self, method: str, pick: Callable[[dict], Sequence[float | None]]) -> list[Stat]:
        """A series of summary.json, figure by figure; [] where no run finished the method."""
        found = [pick(entry.summary) for entry in self.of(method)]
        return [stat(values) for values in zip(*found, strict=True)]

    def knowledge(self, method: str) -> list[list[float | None]]:
        """K, rows t = 0..T, each a list of T tasks, mean over seeds; [] where no run finished the method."""
        found = [entry.summary["knowledge"] for entry in self.of(method)]
        stages = zip(*found, strict=True)
        return [[stat(values).value for values in zip(*rows, strict=True)] for rows in stages]

    def gold(self, name: str) -> Stat:
        """A figure of the gold model that was retrained without every task."""
        return stat([(run.last_gold or {}).get(name) for run in self.runs])

    def gold_knowledge(self) -> list[float | None]:
        """G, one figure per task, mean over seeds; [] without gold."""
        found = [run.gold["knowledge"] for run in self.runs if run.gold and run.gold.get("knowledge")]
        return [stat(values).value for values in zip(*found, strict=True)]

    def learnt(self, column: str) -> Stat:
        """Mean of a per-row score of the learnt model over the rows that are asked to be forgotten."""
        means = []
        for run in self.runs:
            asked = set(run.order)
            found = [
                row[column] for row in run.learnt_rows or [] if row["task_id"] in asked and row[column] is not None
            ]
            means.append(fmean(found) if found else None)
        return stat(means)

    def before(self, name: str) -> Stat:
        """Entry t = 0 of a series: the learnt model, the same whichever method follows."""
        values = []
        for run in self.runs:
            done = [entry.summary[name][0] for entry in run.methods if entry.summary is not None]
            values.append(done[0] if done else None)
        return stat(values)


def stat(values: Sequence[float | None], intervals: Sequence[Sequence[float | None] | None] = ()) -> Stat:
    """Mean and standard deviation over runs; a single run keeps its interval."""
    found = [value for value in values if value is not None and math.isfinite(value)]
    if not found:
        return Stat(None, n=0)
    if len(values) == 1:
        low, high = intervals[0] if intervals and intervals[0] else (None, None)
        return Stat(found[0], low, high)
    return Stat(fmean(found), sd=stdev(found) if len(found) > 1 else None, n=len(found))


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Return the runs grouped by experiment, each seed once, in the order given."""
    groups: list[tuple[str, list[Run]]] = []
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


def _experiment(run: Run) -> str:
    """Return a text that is equal for runs that differ in their seed alone."""
    record = run.record
    parts = {
        "options": RunOptions.from_record(record).experiment(),
        "data": {name: record["data"].get(name) for name in DATA},
        "libraries": {name: (record.get("versions") or {}).get(name) for name in DECISIVE},
        **{name: record.get(name) for name in RECORD},
    }
    return json.dumps(parts, sort_keys=True)


def _slug(name: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:40] or "run"
