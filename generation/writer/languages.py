"""Languages that texts can be written in, and whether the fonts of documents and pictures can print them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lethebench.contract.errors import UserError
from lethebench.generation.people.dates import MONTHS, parse_date
from lethebench.generation.questions.records import Profile


class Language(NamedTuple):
    """A language: its English name, and letters that it has beside a to z."""

    name: str
    letters: str


_DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")
_PLACES = ("birthplace", "residence", "hospital_address")
_FREE = (
    "name", "occupation", "position", "employer", "education", "favorite_food", "pet_name", "quirk",
    "father_occupation", "mother_occupation", "attending_physician", "hospital", "signatory", "description",
)  # fmt: skip
"""Attributes that a model writes in the language itself."""
_KEPT = ("gender", "age")
"""Details that drawing needs in English."""


class Words:
    """What code chooses, in the language of a build.

    Args:
        texts: English -> translation; texts that are not in it stay.
        months: names of the months.
        form: of dates, with the slots {d}, {month} and {y}.
    """

    def __init__(
        self, texts: Mapping[str, str] | None = None, months: Sequence[str] = MONTHS, form: str = "{d} {month} {y}"
    ) -> None:
        self.texts, self.months, self.form = texts or {}, months, form

    def __call__(self, english: str) -> str:
        """Return a text in the language."""
        return self.texts.get(english, english)

    def fact(self, attribute: str, english: str) -> str:
        """Return the value of an attribute in the language: dates and places part by part."""
        if attribute.endswith("_date") and _DATE.fullmatch(english):
            day = parse_date(english)
            return self.form.format(d=day.day, month=self.months[day.month - 1], y=day.year)
        if attribute in _PLACES:
            return ", ".join(map(self, english.split(", ")))
        if attribute.endswith("_address"):
            street, _, city = english.rpartition(", ")
            return f"{street}, {self(city)}"
        return self(english) if attribute not in _FREE else english


LANGUAGES = {"en": Language("English", "")}
"""Code -> language."""


def check_language(code: str) -> None:
    """Raise UserError unless texts can be written, and printed, in a language."""
    if code not in LANGUAGES:
        raise UserError(f"--language {code}: unknown; pass one of {', '.join(sorted(LANGUAGES))}")


def localized(profile: Profile, words: Words) -> Profile:
    """Return a written profile with what code chose in the language of the build."""
    assert profile.written is not None
    put = words.fact
    fields = {name: put(name, entry) for name, entry in profile.fields.items()}
    details = {name: put(name, entry) if name not in _KEPT else entry for name, entry in profile.details.items()}
    wrong = {name: tuple(put(name, entry) for entry in entries) for name, entries in profile.written.wrong.items()}
    return replace(profile, fields=fields, details=details, written=replace(profile.written, wrong=wrong))
