"""Tables as LaTeX and figures as vector graphics, for papers."""

import io
import warnings
from typing import TYPE_CHECKING, Any

from lethebench.contract.escaping import visible
from lethebench.report.tables import Cell, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("pdf", "svg")
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "{}$&#_%"},
    "−": "$-$",
    "±": r"$\pm$",
    "→": r"$\to$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "’": "'",
    "×": r"$\times$",
}
"""Letter -> how LaTeX prints it."""


def latex_text(text: str) -> str:
    """Return a text as one line of LaTeX that prints it."""
    return "".join(SPECIAL.get(letter, letter) for letter in " ".join(visible(text).split()))


def latex(table: Table, label: str) -> str:
    r"""Return a table environment that needs the package booktabs.

    Args:
        table: The table.
        label: What `\ref` takes after `tab:`.
    """
    columns = [index for index, column in enumerate(table.columns) if column.key != "flags"]  # wider than a page
    numeric = [any(row[index].stat is not None for row in table.rows) for index in columns]
    headings = [" ".join(filter(None, (table.columns[index].title, table.columns[index].arrow))) for index in columns]
    lines = [" & ".join(map(latex_text, headings)) + r" \\", r"\midrule"]
    for index, row in enumerate(table.rows):
        if index and index in table.reference:
            lines.append(r"\addlinespace")
        lines.append(" & ".join(_cell(row[index]) for index in columns) + r" \\")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\small",
            r"\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{latex_text(table.caption)}}}",
            rf"\label{{tab:{label}}}",
            rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _cell(cell: Cell) -> str:
    note = rf" {{\scriptsize {latex_text(cell.note)}}}" if cell.note else ""
    return latex_text(cell.text) + note


def vector(figure: "Figure", kind: str) -> bytes:
    """Return a figure as PDF or SVG with its texts as text; the same bytes for the same figure."""
    from matplotlib import rc_context

    from lethebench.report.figures import STYLE

    file = io.BytesIO()
    metadata = {
        "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
        "svg": {"Creator": None, "Date": None},
    }
    texts: Any = {"svg.fonttype": "none", "svg.hashsalt": "lethebench", "pdf.fonttype": 42}
    with rc_context(STYLE | texts), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # of a method's name: drawn as a box
        figure.savefig(file, format=kind, metadata=metadata[kind], facecolor="white")
    return file.getvalue()
