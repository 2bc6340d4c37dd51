"""Check the inputs of metric modules and turn them into plain lists: any array in, one clear ValueError otherwise."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lethebench.contract.text import clean_text

IDENTIFIERS = ("profile_ids", "profile_id")
"""Columns whose values are of any type; Arrow keeps them as JSON."""


def listed(values: Any, name: str) -> list:
    """Return a list, tuple, array, tensor or column as a list; raise ValueError for anything else."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ValueError(f"{name} is {_short(values)}: give a list with one value per row")
    plain = values.tolist() if hasattr(values, "tolist") else list(values)
    if not isinstance(plain, list):
        raise ValueError(f"{name} is {_short(plain)}: give a list with one value per row")
    return plain


def column(values: Any, name: str, feature: Any, *, required: bool) -> list:
    """Return the values of a column as its feature has them: texts cleaned, numbers as Python's own.

    Args:
        values: one per row; None in rows without one.
        name: of the column, for messages.
        feature: `Value` or `List` of `datasets`.
        required: whether every row needs a value.

    Raises:
        ValueError: no list, or a value of another type; names the row.
    """
    cells = listed(values, name)
    if name in IDENTIFIERS:
        return cells
    for row, cell in enumerate(cells):
        where = f"{name}[{row}]"
        if cell is None and required:
            raise ValueError(f"{where} is None: {_wanted(feature)}")
        cells[row] = _cell(cell, where, feature)
    return cells


def _cell(cell: Any, where: str, feature: Any) -> Any:
    if cell is None:
        return None
    if hasattr(feature, "feature"):
        if isinstance(cell, str | bytes | Mapping) or not isinstance(cell, Iterable):
            raise ValueError(f"{where} is {_short(cell)}: {_wanted(feature)}")
        parts = listed(cell, where)
        return [_cell(part, f"{where}[{index}]", feature.feature) for index, part in enumerate(parts)]
    try:
        return _CASTS[feature.dtype](cell)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{where} is {_short(cell)}: {_wanted(feature)}") from None


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        raise TypeError
    return clean_text(cell)


def _number(cell: Any) -> float:
    if isinstance(cell, str | bytes):
        raise TypeError
    return float(cell)


def _whole(cell: Any) -> int:
    number = _number(cell)
    if number != int(number):
        raise ValueError
    return int(number)


_CASTS: dict[str, Callable[[Any], Any]] = {"string": _text, "float64": _number, "int64": _whole}
_NOUNS = {"string": "text", "float64": "number", "int64": "whole number"}


def _wanted(feature: Any) -> str:
    if hasattr(feature, "feature"):
        return f"give a list of {_NOUNS[feature.feature.dtype]}s"
    return f"give a {_NOUNS[feature.dtype]}"


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def packed(name: str, cells: list) -> list:
    """Return a column as Arrow stores it: identifiers as JSON."""
    if name not in IDENTIFIERS:
        return cells
    try:
        return [None if cell is None else json.dumps(getattr(cell, "item", lambda cell=cell: cell)()) for cell in cells]
    except TypeError as error:
        raise ValueError(f"{name}: {error}: give texts or numbers") from None


def unpacked(name: str, cells: list) -> list:
    """Return a column that `packed` stored; lists, which cannot identify anything, as tuples."""
    if name not in IDENTIFIERS:
        return cells
    values = [None if cell is None else json.loads(cell) for cell in cells]
    return [tuple(value) if isinstance(value, list) else value for value in values]
