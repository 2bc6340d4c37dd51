"""The page of a metric without the web: read what is pasted, compute, and explain the result in plain words."""

import fnmatch
import html
import importlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lethebench.contract.text import clean_text

Kind = Literal["numbers", "texts", "rows", "number"]
KIND_HINTS: dict[Kind, str] = {
    "numbers": "Numbers, separated by spaces, commas or lines.",
    "texts": "One per line.",
    "rows": "One line of numbers per row.",
    "number": "A single number.",
}
HOLE_WORDS = ("none", "null", "-")
"""Words that stand for a missing value."""


@dataclass(frozen=True)
class Field:
    """One input of a metric.

    Attributes:
        name: the parameter of `compute`.
        label: its title on the page.
        example: its text when the page opens.
        kind: `numbers` (separated by spaces, commas or lines, or a JSON list), `texts` (one per line, or a JSON list),
            `rows` (one list of numbers per line, or a JSON list of lists), `number` (a single one).
        holes: whether single values may be missing (`none`).
    """

    name: str
    label: str
    example: str = ""
    kind: Kind = "numbers"
    holes: bool = False

    @property
    def format_hint(self) -> str:
        """How to type the values."""
        return KIND_HINTS[self.kind] + (" `none` where a row has no value." if self.holes else "")

    def read(self, text: str) -> Any:
        """Return the value of what was typed.

        Raises:
            ValueError: it cannot be read; names the field and the line.

        >>> Field("x", "Scores").read("0.5, 1 2")
        [0.5, 1, 2]
        """
        text = clean_text(text).strip()
        if text.startswith("[") and not (self.kind == "rows" and "\n[" in text and not text.startswith("[[")):
            try:
                return self._from_json(json.loads(text))
            except json.JSONDecodeError as error:
                if self.kind != "texts":
                    raise ValueError(f"{self.label} is not a JSON list: {error.msg}, line {error.lineno}") from None
        lines = text.splitlines()
        if self.kind == "texts":
            return [None if self.holes and line.strip().lower() in HOLE_WORDS else line for line in lines]
        if self.kind == "rows":
            return [self._row(line, f"line {number}") for number, line in enumerate(lines, start=1)]
        numbers = self._row(" ".join(lines), "the field")
        if self.kind == "number":
            if numbers is None or len(numbers) != 1:
                raise ValueError(f"{self.label} takes one number")
            return numbers[0]
        return numbers

    def _from_json(self, values: Any) -> Any:
        if self.kind == "rows":
            if not all(row is None or isinstance(row, list) for row in values):
                raise ValueError(f"{self.label} takes a list of lists, one for each row")
            return [None if row is None else [self._number(cell) for cell in row] for row in values]
        if self.kind == "texts":
            return [cell if cell is None else str(cell) for cell in values]
        return [self._number(cell) for cell in values]

    def _row(self, line: str, where: str) -> list | None:
        words = re.sub(r"[,;\[\]]", " ", line).split()
        if self.kind == "rows" and self.holes and (not words or words[0].lower() in HOLE_WORDS):
            return None
        if not words:
            raise ValueError(f"{self.label}: {where} holds no number")
        return [self._number(word) for word in words]

    def _number(self, word: Any) -> float | int | None:
        if word is None or str(word).strip().lower() in HOLE_WORDS:
            if self.holes:
                return None
            raise ValueError(f"{self.label} has a missing value: every row needs one")
        if isinstance(word, int) and not isinstance(word, bool):
            return word
        try:
            value = float(word)
        except (TypeError, ValueError):
            raise ValueError(f"{self.label}: {str(word)[:40]!r} is not a number") from None
        return int(value) if isinstance(word, str) and word.lstrip("+-").isdigit() else value


@dataclass(frozen=True)
class Form:
    """What a metric declares for its page; texts about inputs and results come from the metric's own documentation.

    Attributes:
        fields: the inputs; the first two, predictions and references, are required.
        explain: result -> sentences that say how to read it.
        parts: other metrics whose results appear in this one's under the same names.
    """

    fields: Sequence[Field]
    explain: Callable[[dict], list[str]]
    parts: Sequence[str] = ()


class MetricPage:
    """A form and the metric that it feeds.

    Args:
        form: of the metric.
        metric: a loaded module of the `evaluate` library.

    Attributes:
        title: the metric's name.
        lead: the first sentence of its description.
        hints: field name -> what to enter.
    """

    def __init__(self, form: Form, metric: Any) -> None:
        self.form = form
        self.compute = metric.compute
        self.title = metric.name
        self.lead = re.split(r"(?<=[.:?])\s", " ".join(metric.description.split()), maxsplit=1)[0].rstrip(":")
        arguments = documented(metric.inputs_description, "Args")
        self.hints = {field.name: f"{arguments[field.name]} {field.format_hint}" for field in form.fields}
        self.meanings: dict[str, str] = {}
        for part in form.parts:
            module = importlib.import_module(f"lethebench.evaluation.{part}.{part}")
            self.meanings |= documented(module._KWARGS_DESCRIPTION, "Returns")
        self.meanings |= documented(metric.inputs_description, "Returns")

    def answer(self, *texts: str | None) -> tuple[str, str, dict]:
        """Return words (Markdown), a table (HTML) and the result for the texts of the fields, in their order."""
        try:
            values = {}
            for index, (field, text) in enumerate(zip(self.form.fields, texts, strict=True)):
                if text and text.strip():
                    values[field.name] = field.read(text)
                elif index < 2:
                    raise ValueError(f"{field.label} is empty. {self.hints[field.name]}")
            result = self.compute(**values)
        except (ValueError, TypeError, OverflowError) as error:
            return f"**This cannot be computed.** {_one_line(error)}", "", {}
        return "\n\n".join(self.form.explain(result)), self.table(result), result

    def table(self, result: Mapping[str, Any]) -> str:
        """Return the results with their meanings, as an HTML table."""
        lines = []
        for name, value in result.items():
            if isinstance(value, dict):
                continue
            cells = f"<td><code>{html.escape(name)}</code></td><td class='value'>{html.escape(readable(value))}</td>"
            lines.append(f"<tr>{cells}<td>{html.escape(self._meaning(name))}</td></tr>")
        head = "<tr><th>result</th><th class='value'>value</th><th>meaning</th></tr>"
        return f"<table class='results'><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"

    def _meaning(self, name: str) -> str:
        patterns = [name, *(pattern for pattern in self.meanings if fnmatch.fnmatchcase(name, pattern))]
        return next((self.meanings[pattern] for pattern in patterns if pattern in self.meanings), "")


def documented(text: str, section: str) -> dict[str, str]:
    """Return name -> description from a section of a Google-style docstring; `<group>` in a name becomes `*`.

    >>> documented("Args:\\n    a, b: two\\n        numbers.\\n    <x>_c: one.\\n", "Args")
    {'a': 'Two numbers.', 'b': 'Two numbers.', '*_c': 'One.'}
    """
    block = re.search(rf"^{section}:\n((?:    .*\n|\n)*)", text.rstrip() + "\n", re.MULTILINE)
    meanings = {}
    for item in re.findall(r"^    (\S.*\n(?:        .*\n)*)", block.group(1) if block else "", re.MULTILINE):
        names, separator, description = " ".join(item.split()).partition(": ")
        if separator:
            for name in names.split(", "):
                meanings[re.sub(r"<\w+>", "*", name)] = description[:1].upper() + description[1:]
    return meanings


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:299]}…"


def readable(value: Any) -> str:
    """Return a result with 4 significant digits; `none` for an empty list, a dash for what is not measured.

    >>> readable(0.123456), readable(None), readable([]), readable(12)
    ('0.1235', '–', 'none', '12')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(readable, value)) or "none"
    return str(value)


def percent(value: float) -> str:
    """Return a share in per cent.

    >>> percent(0.925), percent(1.0)
    ('92.5 %', '100 %')
    """
    return f"{100 * value:.1f}".removesuffix(".0") + " %"
