"""Tables as data: one source for the page, Markdown and CSV."""

import csv
import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from lethebench.report.seeds import Stat
from lethebench.report.texts import ARROWS

ABSENT = "–"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True)
class Column:
    """A column: its name in CSV, its head, and which direction is better (a key of ARROWS)."""

    key: str
    title: str
    better: str = "none"

    @property
    def arrow(self) -> str:
        return ARROWS[self.better][0]

    @property
    def hint(self) -> str:
        return ARROWS[self.better][1]


@dataclass(frozen=True)
class Cell:
    """A cell: what is shown, a smaller note under it, and the exact figure where there is one."""

    text: str
    note: str = ""
    stat: Stat | None = None
    title: str = ""

    @property
    def exact(self) -> str:
        """The figure in full precision, as in summary.json; "" where there is none."""
        return "" if self.stat is None or self.stat.value is None else repr(self.stat.value)


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of its files.
        caption: one line.
        columns: the first one names the row.
        rows: one cell per column.
        reference: numbers of rows that are references, not results.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    reference: frozenset[int] = field(default_factory=frozenset)


def number(value: float | None, digits: int = 3) -> str:
    """A figure as text: fixed digits, thin grouping, a true minus sign, a dash where there is none."""
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def figure(found: Stat, digits: int = 3, *, note: str = "") -> Cell:
    """A cell with a figure, its interval or standard deviation under it."""
    if found.value is None:
        return Cell(ABSENT, note, found, "not measured")
    if found.sd is not None:
        note = note or f"± {number(found.sd, digits)}"
    elif found.low is not None and found.high is not None:
        note = note or f"{number(found.low, digits)} to {number(found.high, digits)}"
    return Cell(number(found.value, digits), note, found, repr(found.value))


def visible(text: str) -> str:
    """Text with nothing hidden in it: control, format and unassigned characters are shown by their code."""
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in HIDDEN else f"⟨U+{ord(letter):04X}⟩"
        for letter in text
    )


def markdown(table: Table) -> str:
    """The table in GitHub's Markdown."""
    heads = [" ".join(filter(None, (column.title, column.arrow))) for column in table.columns]
    lines = [heads, ["---", *["---:" if _numeric(table, place) else "---" for place in range(1, len(heads))]]]
    lines += [
        [" ".join(filter(None, (cell.text, f"({cell.note})" if cell.note else ""))) for cell in row]
        for row in table.rows
    ]
    body = "\n".join("| " + " | ".join(_plain(text) for text in line) + " |" for line in lines)
    return f"{_plain(table.caption)}\n\n{body}\n"


def comma_separated(table: Table) -> str:
    """The table as CSV: figures in full precision, intervals and deviations in columns of their own."""
    extras = {"low": "_low", "high": "_high", "sd": "_sd"}
    used = [
        [
            name
            for name in extras
            if any(row[place].stat and getattr(row[place].stat, name) is not None for row in table.rows)
        ]
        for place in range(len(table.columns))
    ]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    heads = [
        [column.key, *(column.key + extras[name] for name in names)]
        for column, names in zip(table.columns, used, strict=True)
    ]
    writer.writerow([head for part in heads for head in part])
    for row in table.rows:
        values = []
        for cell, names in zip(row, used, strict=True):
            values.append(cell.text if cell.stat is None else cell.exact)
            values += ["" if cell.stat is None else _exact(getattr(cell.stat, name)) for name in names]
        writer.writerow(values)
    return file.getvalue()


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def _numeric(table: Table, place: int) -> bool:
    return any(row[place].stat is not None for row in table.rows)


def _plain(text: str) -> str:
    return " ".join(visible(text).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
