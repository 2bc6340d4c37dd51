"""Scores by set of rows, and of each request after each later one: the shapes of the tables in the papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.metrics.bootstrap import bootstrap_mean
from lethebench.report.headline import GOLD, INITIAL
from lethebench.report.load import RunRecord
from lethebench.report.seeds import Group, Stat, stat
from lethebench.report.tables import SPREAD, Cell, Column, Table, stat_cell
from lethebench.runs.folder import HELD_OUT, ROWS, stage_name
from lethebench.runs.proof import LEARNT, gold_names

MOST_REQUESTS = 12
"""Largest number of requests whose tables fit on a page."""


@dataclass(frozen=True)
class Measure:
    """A mean over rows.

    Attributes:
        key, title: Its name in CSV, and in headings.
        column: The score of the rows.
        format: Only rows of this format count; None: all.
    """

    key: str
    title: str
    column: str
    format: str | None = None


EXACT = Measure("exact_match", "Exact match", "exact_match")
ROUGE = Measure("rouge_l", "ROUGE-L", "rouge_l")
CORRECT = Measure("correctness", "Correct", "keyword_match")
EXPOSURE = Measure("exposure", "Exposure", "exposure")
PAPER_MEASURES = {
    "mllmu": (
        Measure("classification", "Choice", "choice_match", "multiple_choice"),
        Measure("generation", "ROUGE-L", "rouge_l", "generation"),
        Measure("cloze", "Cloze", "keyword_match", "cloze"),
    ),
    "remem": (EXACT, ROUGE, EXPOSURE),
    "mlu": (CORRECT, ROUGE),
}
"""Benchmark -> what its paper reports of each set."""
OTHERS = (EXACT, ROUGE, CORRECT)
"""What is reported of other benchmarks."""
AFTER_EACH = ("mllmu",)
"""Benchmarks whose papers report every number of requests: there 5, 10 and 15 % of the people."""
SETS = {"forget": "forget", "test": "new wordings", "retain": "retain", "neighbour": "neighbor"}
"""Set -> its name in headings: rows of the requests so far as trained and in new wordings; kept rows."""
READ = ("profile_id", "role", "task_id", "modality", "format", "answer_kind")


def sets(group: Group) -> Table:
    """Return means over each set of rows, one row per model and modality, after the last request or after each."""
    return sets_of(group, {method: (group, method) for method in group.methods})


def sets_of(first: Group, methods: Mapping[str, tuple[Group, str]]) -> Table:
    """Return the table of `sets` over several groups of one build.

    Args:
        first: The group whose initial and gold models are listed.
        methods: Name in the table -> group and method.
    """
    benchmark = str(first.first.record["data"].get("benchmark"))
    measures = PAPER_MEASURES.get(benchmark, OTHERS)
    each = benchmark in AFTER_EACH and first.tasks <= MOST_REQUESTS
    models = {INITIAL: (first, INITIAL), **methods, GOLD: (first, GOLD)}
    cells = list(product(SETS, measures))
    rows: list[tuple[int, str, str, list[Stat]]] = []
    reference: set[int] = set()
    for stage in range(1, first.tasks + 1) if each else [first.tasks]:
        for name, (group, model) in models.items():
            tables = [_rows_of(run, model, stage, [measure.column for measure in measures]) for run in group.runs]
            for modality in MODALITIES:
                stats = [_mean(tables, part, measure, modality) for part, measure in cells]
                if any(one.value is not None for one in stats):
                    reference |= set() if name in methods else {len(rows)}
                    rows.append((stage, name, modality, stats))
    measured = [index for index in range(len(cells)) if any(row[3][index].value is not None for row in rows)]
    columns = [Column("model", "Model"), Column("stage", "Requests"), Column("modality", "Asked with")]
    for part, measure in (cells[index] for index in measured):
        columns.append(Column(f"{part}_{measure.key}", f"{measure.title}, {SETS[part]}", spread=SPREAD))
    body = [
        [Cell(name), Cell(str(stage)), Cell(_ASKED[modality]), *(stat_cell(stats[index], 2) for index in measured)]
        for stage, name, modality, stats in rows
    ]
    last = f"the last of {first.tasks} requests" if first.tasks > 1 else "the request"
    when = f"each of {first.tasks} requests" if each and first.tasks > 1 else last
    caption = f"Means over each set of rows after {when}, as in the benchmark’s paper"
    return Table("sets", caption, columns, body, frozenset(reference))


_ASKED = dict(zip(MODALITIES, ("image", "text"), strict=True))


def later(group: Group) -> Table:
    """Return what each request scores after each later one: the shares of right answers and of refusals.

    One row per method, request and kind of answer, as MLUBench's X-UY. It has no rows for other benchmarks, or for more
    than MOST_REQUESTS requests.
    """
    return later_of(group, {method: (group, method) for method in group.methods})


def later_of(first: Group, methods: Mapping[str, tuple[Group, str]]) -> Table:
    """Return the table of `later` over several groups of one build, see `sets_of`."""
    is_shown = first.first.record["data"].get("benchmark") == "mlu" and 1 < first.tasks <= MOST_REQUESTS
    stages = range(1, first.tasks + 1)
    rows: list[list[Cell]] = []
    for name, (group, method) in methods.items() if is_shown else ():
        tables = [[_rows_of(run, method, stage, []) for run in group.runs] for stage in stages]
        for (number, task), kind in product(enumerate(first.first.order, start=1), _KINDS):
            stats = [
                _share(of_stage, task, kind) if stage >= number else Stat(None, n=0)
                for stage, of_stage in zip(stages, tables, strict=True)
            ]
            if any(one.value is not None for one in stats):
                rows.append([Cell(name), Cell(f"task {number}"), Cell(_KINDS[kind]), *map(stat_cell, stats)])
    columns = [Column("method", "Method"), Column("task", "Asked"), Column("answers", "Answers")]
    columns += [Column(f"u{stage}", f"after {stage}", spread=SPREAD) for stage in stages]
    return Table("later", "Each request after each later one: right answers and refusals", columns, rows)


_KINDS = {"right": "right", "refusal": "refused"}


def _rows_of(run: RunRecord, model: str, stage: int, columns: Sequence[str]) -> pa.Table | None:
    """Return the rows of the requests so far and those kept, with their set; None if the stage is not finished."""
    golds = [f"{name}/{stage_name(stage)}" for name in gold_names(run.record)]
    folders = {INITIAL: [LEARNT], GOLD: golds}.get(model, [f"{model}/{stage_name(stage)}"])
    asked = pa.array(run.order[:stage], pa.int64())
    parts = []
    for folder, file in product(folders, (ROWS, HELD_OUT)):
        if (table := run.table(folder, [*READ, *columns], file)) is None:
            continue
        is_asked = pc.is_in(table["task_id"], value_set=asked)
        if file == HELD_OUT:
            table = table.filter(is_asked)
            names = pa.array(["test"] * len(table), pa.string())
        else:
            table = table.filter(pc.or_(is_asked, pc.less(table["task_id"], 0)))
            names = table["role"].cast(pa.string())
        parts.append(table.append_column("set", names))
    return pa.concat_tables(parts, promote_options="permissive") if parts else None


def _mean(tables: Sequence[pa.Table | None], name: str, measure: Measure, modality: str) -> Stat:
    """Return a measure of a set in a modality over runs."""

    def chosen(table: pa.Table) -> pa.ChunkedArray:
        rows = pc.and_(pc.equal(table["set"], name), pc.equal(table["modality"], modality))
        if measure.format:
            rows = pc.and_(rows, pc.equal(table["format"], measure.format))
        return pc.and_(rows, pc.is_valid(table[measure.column]))

    return _over_runs([None if table is None else table.filter(chosen(table)) for table in tables], measure.column)


def _share(tables: Sequence[pa.Table | None], task: int, kind: str) -> Stat:
    """Return the share of a task's trained questions that are answered in this way, over runs."""
    parts = []
    for table in tables:
        if table is not None:
            table = table.filter(pc.and_(pc.equal(table["task_id"], task), pc.equal(table["set"], "forget")))
            table = table.append_column("share", pc.equal(table["answer_kind"], kind).cast(pa.float64()))
        parts.append(table)
    return _over_runs(parts, "share")


def _over_runs(tables: Sequence[pa.Table | None], column: str) -> Stat:
    """Return the mean of a column over runs; of one run with its interval over profiles."""
    values = [None if table is None else pc.mean(table[column]).as_py() for table in tables]
    interval: Sequence[float | None] | None = None
    if len(tables) == 1 and tables[0] is not None and len(tables[0]):
        interval = bootstrap_mean(tables[0][column].to_numpy(), clusters=tables[0]["profile_id"].to_pylist())
    return stat(values, [interval])
