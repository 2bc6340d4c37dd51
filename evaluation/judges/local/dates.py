"""Dates in English, German, Spanish and French texts, whole or without the day."""

from typing import NamedTuple

import regex

_MONTHS = (
    "january januar enero janvier jan",
    "february februar febrero février feb",
    "march märz marzo mars mar",
    "april abril avril apr",
    "may mai mayo",
    "june juni junio juin jun",
    "july juli julio juillet jul",
    "august agosto août aug",
    "september septiembre septembre sept sep",
    "october oktober octubre octobre oct okt",
    "november noviembre novembre nov",
    "december dezember diciembre décembre dec dez dic",
)
_NUMBER = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_NAME = "|".join(sorted(_NUMBER, key=len, reverse=True))
_OF = r"(?:\s+(?:of|de|del))?"
_FORMS = (
    rf"(?<day>\d{{1,2}})(?:\.|st|nd|rd|th)?{_OF}\s+(?<name>{_NAME})\.?,?{_OF}\s+(?<year>\d{{4}})",
    rf"(?<name>{_NAME})\.?\s+(?<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?<year>\d{{4}})",
    r"(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})",
    r"(?<day>\d{1,2})[./](?<month>\d{1,2})[./](?<year>\d{4})",
    rf"(?<name>{_NAME})\.?,?{_OF}\s+(?<year>\d{{4}})",
)
_DATES = [regex.compile(rf"\b{form}\b", regex.IGNORECASE) for form in _FORMS]


class Date(NamedTuple):
    """A date; `day` None for a month."""

    year: int
    month: int
    day: int | None

    def agreement(self, other: "Date") -> float:
        """Return 1 for the same date, also with day and month exchanged; else the share of equal parts."""
        if self == other or (self.year == other.year and {self.month, self.day} == {other.month, other.day}):
            return 1.0
        return sum(one == two and one is not None for one, two in zip(self, other, strict=True)) / 3


def take_dates(text: str) -> tuple[list[Date], str]:
    """Return the dates of a text, and the text without them.

    >>> take_dates("born on 12 March 1984 in Leeds")
    ([Date(year=1984, month=3, day=12)], 'born on     in Leeds')
    """
    dates = []
    for form in _DATES:
        for match in form.finditer(text):
            parts = match.groupdict()
            month = _NUMBER[parts["name"].lower()] if parts.get("name") else int(parts["month"])
            dates.append(Date(int(parts["year"]), month, int(parts["day"]) if parts.get("day") else None))
        text = form.sub("   ", text)
    return dates, text
