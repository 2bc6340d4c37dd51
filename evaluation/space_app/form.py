"""Forms of the metrics' web apps, without the web: what a person pastes is read, computed, and told in plain words."""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["numbers", "texts", "rows", "number"]
HOLES = ("none", "null", "-")
"""What stands for a value that is not there."""


@dataclass(frozen=True)
class Field:
    """One input of a metric.

    Attributes:
        name: what the metric calls it.
        label, hint: what a person reads.
        example: its text at the start.
        kind: `numbers` (apart by spaces, commas or lines, or a JSON list), `texts` (one a line, or a JSON list), `rows`
            (one list of numbers a line, or a JSON list of lists), `number` (a single one).
        optional: whether it may be left empty.
        holes: whether single values may be left out (`none`).
    """

    name: str
    label: str
    hint: str
    example: str = ""
    kind: Kind = "numbers"
    optional: bool = False
    holes: bool = False

    def read(self, text: str | None) -> Any:
        """The value of what was typed; None where an optional field is empty.

        Raises:
            ValueError: it is empty, or cannot be read; names the field and the place.

        >>> Field("x", "Scores", "").read("0.5, 1 2")
        [0.5, 1, 2]
        """
        text = (text or "").strip()
        if not text:
            if self.optional:
                return None
            raise ValueError(f"{self.label} is empty: {self.hint[0].lower()}{self.hint[1:]}")
        if text.startswith("[") and not (self.kind == "rows" and "\n[" in text and not text.startswith("[[")):
            try:
                found = json.loads(text)
            except json.JSONDecodeError as error:
                if self.kind != "texts":
                    raise ValueError(f"{self.label} is not a JSON list: {error.msg}, line {error.lineno}") from None
            else:
                return self._of_json(found)
        lines = text.splitlines()
        if self.kind == "texts":
            return [None if self.holes and line.strip().lower() in HOLES else line for line in lines]
        if self.kind == "rows":
            return [self._row(line, f"line {at}") for at, line in enumerate(lines, start=1)]
        numbers = self._row(" ".join(lines), "it")
        if self.kind == "number":
            if numbers is None or len(numbers) != 1:
                raise ValueError(f"{self.label} takes one number")
            return numbers[0]
        return numbers if numbers is not None else [None]

    def _of_json(self, found: Any) -> Any:
        if self.kind == "rows":
            if not all(row is None or isinstance(row, list) for row in found):
                raise ValueError(f"{self.label} takes a list of lists, one for each row")
            return [None if row is None else [self._number(cell) for cell in row] for row in found]
        if self.kind == "texts":
            return [cell if cell is None else str(cell) for cell in found]
        return [self._number(cell) for cell in found]

    def _row(self, line: str, where: str) -> list | None:
        words = line.replace(",", " ").replace(";", " ").replace("[", " ").replace("]", " ").split()
        if self.kind == "rows" and self.holes and (not words or words[0].lower() in HOLES):
            return None
        if not words:
            raise ValueError(f"{self.label}: {where} holds no number")
        return [self._number(word) for word in words]

    def _number(self, word: Any) -> float | int | None:
        if word is None or str(word).strip().lower() in HOLES:
            if self.holes:
                return None
            raise ValueError(f"{self.label} has a hole: every value is needed")
        if isinstance(word, int) and not isinstance(word, bool):
            return word
        try:
            value = float(word)
        except (TypeError, ValueError):
            raise ValueError(f"{self.label}: {str(word)[:40]!r} is not a number") from None
        return int(value) if isinstance(word, str) and word.lstrip("+-").isdigit() else value


@dataclass(frozen=True)
class Form:
    """A metric as a page.

    Attributes:
        title, lead: what it is, in a line each.
        fields: its inputs; the two first are predictions and references.
        compute: the metric, called with the fields' values by name.
        explain: result -> sentences that say how to read it.
        meanings: result name -> range and direction, for the table; names that end in `*` stand for all that begin so.
    """

    title: str
    lead: str
    fields: Sequence[Field]
    compute: Callable[..., dict]
    explain: Callable[[dict], list[str]]
    meanings: Mapping[str, str]

    def answer(self, *texts: str | None) -> tuple[str, str, dict]:
        """What the page shows for what was typed, one text a field: words (Markdown), a table (HTML), the result."""
        try:
            values = {field.name: field.read(text) for field, text in zip(self.fields, texts, strict=True)}
            result = self.compute(**{name: value for name, value in values.items() if value is not None})
        except (ValueError, TypeError, OverflowError) as error:
            return f"**This cannot be computed.** {_one_line(error)}", "", {}
        return "\n\n".join(self.explain(result)), self.table(result), result

    def table(self, result: Mapping[str, Any]) -> str:
        """The results with their meanings, as an HTML table."""
        rows = []
        for name, value in result.items():
            if isinstance(value, dict):
                continue
            cells = f"<td><code>{html.escape(name)}</code></td><td class='value'>{html.escape(shown(value))}</td>"
            rows.append(f"<tr>{cells}<td>{html.escape(self._meaning(name))}</td></tr>")
        head = "<tr><th>result</th><th class='value'>value</th><th>range and direction</th></tr>"
        return f"<table class='results'><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"

    def _meaning(self, name: str) -> str:
        if name in self.meanings:
            return self.meanings[name]
        starts = [key for key in self.meanings if key.endswith("*") and name.startswith(key[:-1])]
        return self.meanings[starts[0]] if starts else ""


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:299]}…"


def shown(value: Any) -> str:
    """A result as a person reads it: 4 significant digits, `none` for an empty list, a dash for what is not measured.

    >>> shown(0.123456), shown(None), shown([]), shown(12)
    ('0.1235', '–', 'none', '12')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    return str(value)


def percent(value: float) -> str:
    """A share in per cent.

    >>> percent(0.925), percent(1.0)
    ('92.5 %', '100 %')
    """
    return f"{100 * value:.1f}".removesuffix(".0") + " %"
