"""What `lethe evaluate` writes and prints: rows.parquet, the headline and the table of every aggregate."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.cli.output import text_table
from lethebench.evaluation.registry import METRICS
from lethebench.evaluation.validity import notes_on

STRING_COLUMNS = {
    "id",
    "profile_id",
    "split",
    "role",
    "modality",
    "format",
    "attribute",
    "question",
    "answer",
    "generated",
    "answer_kind",
    "error",
    "judged_kind",
}
INTEGER_COLUMNS = {"task_id", "hops", "num_tokens", "num_candidates", "num_samples", "leaks"}
LIST_COLUMNS = {"candidate_logprobs"}
HEADER = ("result", "value", "95 % interval", "rows")


def write_rows(path: Path, rows: Sequence[Mapping]) -> None:
    """Write per-row scores; a column has the same type whether or not any row has a value."""
    names_of_type = (
        (pa.string(), STRING_COLUMNS),
        (pa.int64(), INTEGER_COLUMNS),
        (pa.list_(pa.float64()), LIST_COLUMNS),
    )
    types = {name: type_ for type_, names in names_of_type for name in names}
    schema = pa.schema([(name, types.get(name, pa.float64())) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def headline(scores: Mapping) -> str:
    """Return the main results of every metric in scores.json, then flags, what was not measured and notes."""
    shown = [(name, cells, result) for name, cells in scores["metrics"].items() for result in _main(name, cells)]
    lines = [_line(name, cells, result) for name, cells, result in shown]
    return _with_remarks(text_table(HEADER, lines, right=HEADER[1:]), scores, [result for _, _, result in shown])


def full_table(scores: Mapping) -> str:
    """Return every aggregate, metric by metric, then flags, what was not measured and notes."""
    tables = [
        text_table(
            (name.replace("_", " "), *HEADER[1:]), [_line("", cells, result) for result in cells], right=HEADER[1:]
        )
        for name, cells in scores["metrics"].items()
    ]
    results = [result for cells in scores["metrics"].values() for result in cells]
    return _with_remarks("\n\n".join(tables), scores, results)


def _main(name: str, cells: Mapping) -> list[str]:
    """Return the results of a metric that the headline shows: the registry's, of the first set that has them."""
    results: list[str] = []
    for result in METRICS[name].headline:
        results += [key for key in cells if key == result or key.partition("/")[2] == result][:1]
    return results or list(cells)[:1]


def _line(metric: str, cells: Mapping, result: str) -> list[str]:
    cell = cells[result]
    title = result if metric in ("", result) else f"{metric}: {result}"
    return [title.replace("_", " "), _number(cell["value"]), _interval(cell), str(cell["n"])]


def _with_remarks(table: str, scores: Mapping, results: Sequence[str]) -> str:
    """Return the table, flags, what was not measured, notes, and notes on weak metrics among the results."""
    lines = [table, ""] if table else []
    if scores["flags"]:
        lines.append(f"flags: {', '.join(scores['flags'])}")
    lines += [f"not measured: {name}: {reason}" for name, reason in scores["not_measured"].items()]
    return "\n".join([*lines, *scores["notes"], *notes_on(results)])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.1e}"


def _interval(cell: Mapping) -> str:
    return "" if cell["ci_low"] is None else f"{_number(cell['ci_low'])} .. {_number(cell['ci_high'])}"
