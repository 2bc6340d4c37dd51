"""The 153 public figures of mllmu, read from `data/public_figures.yaml`, where a wrong fact is corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from importlib import resources

import yaml

_FILE = "data/public_figures.yaml"


@dataclass(frozen=True)
class PublicFigure:
    """A real, deceased person and facts that anyone can check.

    Attributes:
        name: the name that questions use; unique in the file.
        gender: `female` or `male`.
        birth_date: `14 March 1879`, Gregorian.
        birthplace: `City, Country`, with the country of today.
        nationality: one demonym, or two joined by "and".
        occupation: a noun phrase without an article.
        notable_work: what completes "... is best known for".
        death_date: as `birth_date`.
        death_place: as `birthplace`.
        source: the page that the facts can be checked on.
    """

    name: str
    gender: str
    birth_date: str
    birthplace: str
    nationality: str
    occupation: str
    notable_work: str
    death_date: str
    death_place: str
    source: str


@cache
def public_figures() -> tuple[PublicFigure, ...]:
    """All figures, in the order of the file.

    Raises:
        ValueError: an entry of the file lacks a field, or holds one that cannot be used; the message names both.
    """
    text = resources.files("lethebench.generation").joinpath(_FILE).read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> tuple[PublicFigure, ...]:
    """Figures from the text of a YAML file; see `public_figures`."""
    entries = yaml.safe_load(text)
    if not isinstance(entries, list):
        raise ValueError(f"{_FILE}: expected a list of people, found {type(entries).__name__}")
    figures = tuple(_figure(number, entry) for number, entry in enumerate(entries, start=1))
    names: set[str] = set()
    for figure in figures:
        if figure.name in names:
            raise ValueError(f"{_FILE}: {figure.name}: name: stands twice; keep one entry")
        names.add(figure.name)
    return figures


def _figure(number: int, entry: object) -> PublicFigure:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{_FILE}: entry {number}: expected fields, found {entry!r}")
    where = f"{_FILE}: {entry.get('name', f'entry {number}')}"
    known = [field.name for field in fields(PublicFigure)]
    for key in entry:
        if key not in known:
            raise ValueError(f"{where}: {key}: unknown field; known are {', '.join(known)}")
    for key in known:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{where}: {key}: expected text, found {value!r}; quote it if YAML reads something else")
    if entry["gender"] not in ("female", "male"):
        raise ValueError(f"{where}: gender: expected female or male, found {entry['gender']!r}")
    for key in ("birth_date", "death_date"):
        _check_date(f"{where}: {key}", entry[key])
    return PublicFigure(**entry)


def _check_date(where: str, text: str) -> None:
    try:
        # A leading zero is read by strptime but is not how the questions write dates.
        right = not text.startswith("0") and datetime.strptime(text, "%d %B %Y")
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"{where}: expected a date such as 14 March 1879, found {text!r}")
