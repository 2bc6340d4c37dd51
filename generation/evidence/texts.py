"""What may be printed about a real person, work or company: its name, or facts that lead to it without the name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from lethebench.generation.mlu.facts import release

Row = tuple[str, str]
"""A label and a value, such as ("Born", "14 March 1879, Ulm")."""
KINDS = {
    "Cartoon": "cartoon", "Corporation": "company", "Movies": "film", "Personage": "person", "TV series": "series",
}  # fmt: skip
"""Class of mlu whose entities are shown by evidence -> kind of subject."""
# Kind -> question of the class -> label of its fact. The first two lead to the subject most directly.
_LABELS: Mapping[str, Mapping[str, str]] = {
    "person": {"known_for": "Known for", "birth": "Born", "contribution": "Legacy", "profession": "Profession"},
    "film": {"plot": "Story", "cast": "Starring", "director": "Director", "release_year": "Year"},
    "series": {"premise": "Story", "cast": "Starring", "creator": "Created by", "first_aired": "First shown"},
    "cartoon": {"characters": "Characters", "premise": "Story", "creator": "Author", "first_shown": "First shown"},
    "company": {"products": "Products", "founding": "Founded", "headquarters": "Head office", "industry": "Industry"},
}
_SMALL_WORDS = {
    "a",
    "an",
    "and",
    "at",
    "chan",
    "for",
    "in",
    "ii",
    "no",
    "of",
    "on",
    "per",
    "second",
    "the",
    "to",
    "von",
}
_DATE_AND_PLACE = re.compile(r"(?:on|in) (.+?) (in|by) (.+)")


@dataclass(frozen=True)
class Text:
    """What an object carries.

    Attributes:
        kind: `person`, `film`, `series`, `cartoon` or `company`.
        name: the subject's name or title.
        clues: facts without the name; the first lead to the subject most directly.
    """

    kind: str
    name: str
    clues: tuple[Row, ...]

    def rows(self, rng: np.random.Generator) -> tuple[Row, ...]:
        """Return two or three clues in random order, the first one among them; all if there are only three."""
        count = 3 if len(self.clues) < 4 else int(rng.integers(2, 4))
        others = rng.permutation(len(self.clues) - 1)[: count - 1] + 1
        chosen = [self.clues[0], *(self.clues[index] for index in others)]
        return tuple(chosen[index] for index in rng.permutation(count))


@cache
def entity_text(class_name: str, key: str) -> Text:
    """Return what may be printed about an entity of mlu: its name, and its other facts if they do not contain it."""
    kind, entity = KINDS[class_name], release().classes[class_name].everyone[key]
    clues = tuple(
        (label, _short(entity.facts[question].value))
        for question, label in _LABELS[kind].items()
        if question in entity.facts and not shared_words(entity.name, entity.facts[question].value)
    )
    return Text(kind, entity.name, clues)


def figure_text(name: str, facts: Mapping[str, str]) -> Text:
    """Return what may be printed about a public figure: the best-known work, the years of life and two other facts.

    Args:
        name: the figure's.
        facts: as in `PublicFigure.facts`.
    """
    birth, death = (facts[date].rpartition(" ")[2] for date in ("birth_date", "death_date"))
    clues = (
        ("Known for", facts["notable_work"]),
        ("Life", f"{birth} – {death}"),
        ("Born in", facts["birthplace"].partition(",")[0]),
        ("Profession", facts["occupation"]),
    )
    return Text("person", name, tuple(row for row in clues if not shared_words(name, row[1])))


def shared_words(name: str, text: str) -> set[str]:
    """Return the words of a name that occur in a text, singular or plural."""
    return _words(name) & _words(text)


def _words(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {word.removesuffix("s") for word in words if word not in _SMALL_WORDS and (len(word) > 1 or word.isdigit())}


def _short(value: str) -> str:
    """Return `14 March 1879, Ulm` for `on 14 March 1879 in Ulm`, `1976 by Steve Jobs` for `in 1976 by Steve Jobs`."""
    match = _DATE_AND_PLACE.fullmatch(value)
    if not match:
        return value
    first, word, rest = match.groups()
    return f"{first}, {rest}" if word == "in" else f"{first} by {rest}"
