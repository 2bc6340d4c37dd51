"""Tables as data: one source for the page, Markdown and CSV."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from lethebench.contract.escaping import csv_cell, markdown_text
from lethebench.report.seeds import Stat

ABSENT = "–"
ARROWS = {
    "higher": ("↑", "higher is better"),
    "lower": ("↓", "lower is better"),
    "zero": ("→ 0", "closer to zero is better"),
    "gold": ("→ gold", "closer to the gold model is better"),
    "none": ("", ""),
}
SPREAD = ("low", "high", "sd")
"""Attributes of a Stat that can have CSV columns of their own."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: Its name in CSV.
        title: Its heading.
        better: Which direction is better, a key of ARROWS.
        spread: Names of SPREAD that get CSV columns of their own, empty or not, as `KEY_low`.
    """

    key: str
    title: str
    better: str = "none"
    spread: tuple[str, ...] = ()

    @property
    def arrow(self) -> str:
        return ARROWS[self.better][0]

    @property
    def hint(self) -> str:
        return ARROWS[self.better][1]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What the page and Markdown show.
        note: A smaller line under it.
        stat: The number behind it, None for text.
        title: What a pointer over it shows.
    """

    text: str
    note: str = ""
    stat: Stat | None = None
    title: str = ""

    @property
    def exact(self) -> str:
        """The number in full precision, as in summary.json; "" if there is none."""
        return "" if self.stat is None else _exact(self.stat.value)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: File name without ending.
        caption: One line.
        columns: The first one names the row.
        rows: One cell per column.
        reference: Indices of rows that are references, not results.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    reference: frozenset[int] = field(default_factory=frozenset)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as text: fixed digits, grouped thousands, a true minus sign; a dash for None."""
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def stat_cell(stat: Stat, digits: int = 3, *, note: str = "") -> Cell:
    """Return a cell with a number, and its interval or standard deviation as a note."""
    if stat.value is None:
        return Cell(ABSENT, note, stat, "not measured")
    if stat.sd is not None:
        note = note or f"± {number(stat.sd, digits)}"
    elif stat.low is not None and stat.high is not None:
        note = note or f"{number(stat.low, digits)} to {number(stat.high, digits)}"
    return Cell(number(stat.value, digits), note, stat, repr(stat.value))


def markdown(table: Table) -> str:
    """Return the table in GitHub's Markdown."""
    headings = [" ".join(filter(None, (column.title, column.arrow))) for column in table.columns]
    numeric = [any(row[index].stat is not None for row in table.rows) for index in range(len(headings))]
    lines = [headings, ["---", *("---:" if right else "---" for right in numeric[1:])]]
    lines += [
        [" ".join(filter(None, (cell.text, f"({cell.note})" if cell.note else ""))) for cell in row]
        for row in table.rows
    ]
    body = "\n".join("| " + " | ".join(map(markdown_text, line)) + " |" for line in lines)
    return f"{markdown_text(table.caption)}\n\n{body}\n"


def comma_separated(table: Table) -> str:
    """Return the table as CSV: numbers in full precision, empty cells for missing ones, no notes."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = (name for one in table.columns for name in (one.key, *(f"{one.key}_{part}" for part in one.spread)))
    writer.writerow(map(csv_cell, names))
    for row in table.rows:
        values = []
        for cell, column in zip(row, table.columns, strict=True):
            text = "" if cell.text == ABSENT else cell.text
            values.append(csv_cell(text) if cell.stat is None else cell.exact)
            values += [_exact(getattr(cell.stat, part, None)) for part in column.spread]
        writer.writerow(values)
    return file.getvalue()


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)
