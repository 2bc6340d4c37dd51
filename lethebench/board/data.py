"""What the board shows: a table of all results, and one result in detail; from a repository or from Parquet files."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.board.detail import detail_of
from lethebench.contract.errors import UserError, border
from lethebench.contract.escaping import visible
from lethebench.report.headline import SCORES
from lethebench.results.record import read_result, result_files

RUNS, DETAILS = "runs.parquet", "details.parquet"
FACETS = ("benchmark", "version", "size", "model", "method", "tasks", "budget")
SHORT = {"indistinguishable": "As gold"}
"""Key of a figure -> a shorter heading than in reports, where it would widen the table."""
FIGURES = {column.key: f"{SHORT.get(column.key, column.title)} {column.arrow}".strip() for column in SCORES}
"""Key of a figure -> its title."""
HINTS = {
    "score": "Harmonic mean of the parts, times fluent; mean over stages",
    "forget": "0 = knows as much of the forget set as before, 1 = no more than the retrained (gold) model",
    "indistinguishable": "As gold to attackers: 1 = its probabilities cannot be told from those of the gold model",
    "keep": "Utility on held-out rows, relative to the initial or the gold model",
    "fluent": "Share of answers on kept rows that are language, relative to the initial model",
    "stability": "Mean over stages of the smaller one of forget and keep",
}
"""Key of a figure -> what its heading shows under a pointer."""
SCALE = 10_000
GROUP = 64
"""Results in a row group of details.parquet: what is read to show one."""
REBUILD = "write it again with lethe board --space"


@dataclass(frozen=True)
class Board:
    """The content of the board.

    Attributes:
        lines: One dict per result: FACETS as text, `seeds`, `elsewhere`, `path`, and NAME, NAME_low, NAME_high.
        detail: Number of a result -> what its page shows.
    """

    lines: Sequence[Mapping[str, Any]]
    detail: Callable[[int], dict[str, Any]]

    def table(self) -> dict[str, Any]:
        """Return the lines by column, as the page takes them: texts by number, figures as multiples of 1 / SCALE."""
        facets = {}
        for name in FACETS:
            values = sorted({line[name] for line in self.lines}, key=_natural)
            numbers = {value: number for number, value in enumerate(values)}
            facets[name] = {"values": values, "codes": [numbers[line[name]] for line in self.lines]}
        keys = [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
        return {
            "facets": facets,
            "titles": FIGURES,
            "hints": HINTS,
            "scale": SCALE,
            "figures": {key: [_scaled(line[key]) for line in self.lines] for key in keys},
            "seeds": [line["seeds"] for line in self.lines],
            "elsewhere": [int(line["elsewhere"]) for line in self.lines],
            "names": [_name(line) for line in self.lines],
        }


def board_of_repository(folder: Path, *, links: bool = False) -> Board:
    """Return the board of a results repository; pages of results are made when they are opened.

    Raises:
        UserError: It is not a results repository, or a result does not fit the schema.
    """
    files = result_files(folder, links=links)
    lines = [_line(read_result(path), path.relative_to(folder).as_posix()) for path in files]
    if not lines:
        raise UserError(f"{folder} has no results yet; add some with lethe submit RUN --to {folder}")
    return Board(lines, lambda number: detail_of(files[number]))


def write_board(board: Board, folder: Path) -> None:
    """Write a board as two Parquet files."""
    pq.write_table(pa.Table.from_pylist(list(board.lines)), folder / RUNS, compression="zstd")
    schema = pa.schema([("detail", pa.string())])
    with pq.ParquetWriter(folder / DETAILS, schema, compression="zstd") as writer:
        for start in range(0, len(board.lines), GROUP):
            numbers = range(start, min(start + GROUP, len(board.lines)))
            writer.write_table(pa.table({"detail": [json.dumps(board.detail(number)) for number in numbers]}))


def read_board(folder: Path) -> Board:
    """Return the board that `write_board` wrote; raise UserError if it cannot be read."""
    with border(f"{folder / RUNS} cannot be read", REBUILD):
        lines = pq.read_table(folder / RUNS).to_pylist()

    def detail(number: int) -> dict[str, Any]:
        with border(f"{folder / DETAILS} cannot be read", REBUILD), pq.ParquetFile(folder / DETAILS) as file:
            return json.loads(file.read_row_group(number // GROUP)["detail"][number % GROUP].as_py())

    return Board(lines, detail)


def _line(result: Mapping[str, Any], path: str) -> dict[str, Any]:
    trials = result["tuning"]["trials"]
    texts = {
        "benchmark": result["benchmark"],
        "version": result["benchmark_version"],
        "size": result["size"],
        "model": result["model"],
        "method": result["method"],
        "tasks": result["tasks"],
        "budget": f"{trials} trials" if trials else "preset",
    }
    line: dict[str, Any] = {name: visible(str(value)) for name, value in texts.items()}
    line |= {"seeds": len(result["seeds"]), "elsewhere": result["elsewhere"], "path": path}
    for name in FIGURES:
        line |= dict(_figure(name, result["scores"].get(name) or {}))
    return line


def _figure(name: str, score: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield a figure and its limits: the interval of one seed, or a standard deviation to both sides."""
    value, spread = score.get("value"), score.get("sd")
    low, high = score.get("low"), score.get("high")
    if value is not None and spread is not None:
        low, high = value - spread, value + spread
    yield from ((name, value), (f"{name}_low", low), (f"{name}_high", high))


def _natural(text: str) -> tuple[float, str]:
    """Return a key that sorts numbers by value, before other texts."""
    number = text.partition(" ")[0]
    return (float(number), text) if number.isdigit() else (float("inf"), text)


def _scaled(value: float | None) -> int | None:
    return None if value is None else round(value * SCALE)


def _name(line: Mapping[str, Any]) -> str:
    """Return the name of a result's file where the other columns give its folder, else its path."""
    folders = ("results", line["benchmark"], line["version"], line["model"].replace("/", "__"), line["method"])
    folder, _, name = line["path"].rpartition("/")
    return name.removesuffix(".json") if folder == "/".join(folders) else line["path"]
