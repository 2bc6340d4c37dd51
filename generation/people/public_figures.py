"""The 153 public figures, read from `data/public_figures.yaml`; correct a wrong fact there."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from importlib import resources

import yaml

from lethebench.generation.people.dates import age_on, parse_date

_FILE = "data/public_figures.yaml"
FIGURE_FIELDS = (
    "birthplace", "birth_date", "nationality", "occupation", "notable_work", "death_date", "death_place",
    "age_at_death",
)  # fmt: skip


@dataclass(frozen=True)
class PublicFigure:
    """A real, deceased person and facts that anyone can check.

    Attributes:
        name: as questions use it; unique in the file.
        gender: `female` or `male`.
        birth_date: `14 March 1879`, Gregorian.
        birthplace: `City, Country`, with today's country.
        nationality: one demonym, or two joined by "and".
        occupation: a noun phrase without an article.
        notable_work: what completes "... is best known for".
        death_date: as `birth_date`.
        death_place: as `birthplace`.
        source: a page that states the facts.
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

    @property
    def age_at_death(self) -> int:
        """Full years."""
        return age_on(parse_date(self.birth_date), parse_date(self.death_date))

    @property
    def facts(self) -> dict[str, str]:
        """FIGURE_FIELDS -> value."""
        return {name: str(getattr(self, name)) for name in FIGURE_FIELDS}


@cache
def public_figures() -> tuple[PublicFigure, ...]:
    """Return all figures, in the order of the file.

    Raises:
        ValueError: if a field of an entry is missing or invalid; the message names both.
    """
    return parse(resources.files("lethebench.generation").joinpath(_FILE).read_text(encoding="utf-8"))


def parse(text: str) -> tuple[PublicFigure, ...]:
    """Return the figures of a YAML text; see `public_figures`."""
    entries = yaml.safe_load(text)
    if not isinstance(entries, list):
        raise ValueError(f"{_FILE}: expected a list of people, found {type(entries).__name__}")
    figures = tuple(_figure(number, entry) for number, entry in enumerate(entries, start=1))
    names: set[str] = set()
    for figure in figures:
        if figure.name in names:
            raise ValueError(f"{_FILE}: {figure.name}: name: occurs twice; keep one entry")
        names.add(figure.name)
    return figures


def _figure(number: int, entry: object) -> PublicFigure:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{_FILE}: entry {number}: expected fields, found {entry!r}")
    label = f"{_FILE}: {entry.get('name', f'entry {number}')}"
    keys = [field.name for field in fields(PublicFigure)]
    for key in entry:
        if key not in keys:
            raise ValueError(f"{label}: {key}: unknown field; use {', '.join(keys)}")
    for key in keys:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{label}: {key}: expected text, found {value!r}; quote it if YAML reads something else")
    if entry["gender"] not in ("female", "male"):
        raise ValueError(f"{label}: gender: expected female or male, found {entry['gender']!r}")
    for key in ("birth_date", "death_date"):
        _check_date(f"{label}: {key}", entry[key])
    return PublicFigure(**entry)


def _check_date(label: str, text: str) -> None:
    try:
        datetime.strptime(text, "%d %B %Y")
        valid = not text.startswith("0")  # strptime accepts a leading zero, questions have none
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(f"{label}: expected a date such as 14 March 1879, found {text!r}")
