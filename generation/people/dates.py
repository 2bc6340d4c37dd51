"""Dates of birth, ages and calendar arithmetic."""

import calendar
import random
from datetime import date, timedelta

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
TODAY = date(2025, 1, 1)
"""The day on which fictitious people have the age that their profile states."""


def age_on(birth: date, day: date) -> int:
    """Return the full years between a date of birth and a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def draw_birth_date(rng: random.Random, age: int, day: date) -> date:
    """Draw a date of birth of somebody who is `age` years old on a day."""
    latest = _years_before(day, age)
    earliest = _years_before(day, age + 1) + timedelta(days=1)
    return earliest + timedelta(days=rng.randint(0, (latest - earliest).days))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of that month if it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def on_weekday(day: date) -> date:
    """Return the day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def format_date(day: date) -> str:
    """Return a date as documents and answers write it: `14 March 2024`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def parse_date(text: str) -> date:
    """Return the date that `format_date` wrote.

    Raises:
        ValueError: if the text has another form.
    """
    day, month, year = text.split(" ")
    return date(int(year), MONTHS.index(month) + 1, int(day))
