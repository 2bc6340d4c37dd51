"""Who the documents are about: a person with a name, gender, age and country, and the book of what is already taken."""

import calendar
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from lethebench.generation.people.countries import Country
from lethebench.generation.people.names import NameBook
from lethebench.generation.seeding import fill

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A person on the day the document was made out.

    Attributes:
        name: first and last name.
        gender: `female` or `male`; fits the first name.
        country: of origin.
        birth: date of birth.
        reference: the day that the document is about (admission, start of work).
        age: full years on that day.
    """

    name: str
    gender: str
    country: Country
    birth: date
    reference: date
    age: int


def age_on(birth: date, day: date) -> int:
    """Full years between a birth date and a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def born(rng: random.Random, age: int, day: date) -> date:
    """A birth date that makes someone `age` years old on a day."""
    latest = _years_before(day, age)
    earliest = _years_before(day, age + 1) + timedelta(days=1)
    return earliest + timedelta(days=rng.randint(0, (latest - earliest).days))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def add_months(day: date, months: int) -> date:
    """The same day of the month, so many months later; the last day of that month where there is no such day."""
    turn, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + turn, month + 1)[1]
    return date(day.year + turn, month + 1, min(day.day, last))


def on_weekday(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def written(day: date) -> str:
    """The one form of dates on documents and in answers: `14 March 2024`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def read_date(text: str) -> date:
    """The day that `written` wrote.

    Raises:
        ValueError: it is not of that form.
    """
    day, month, year = text.split(" ")
    return date(int(year), MONTHS.index(month) + 1, int(day))


class Registry:
    """What the profiles of one sequence have taken so far, so that no two get the same."""

    def __init__(self, domain: str):
        self.people = NameBook(domain)
        self._staff = NameBook("staff")
        self._taken: dict[str, set[str]] = defaultdict(set)

    def unique(self, kind: str, make) -> str:
        """The first text that `make()` gives and nobody has.

        Raises:
            RuntimeError: when 10,000 tries bring nothing new.
        """
        taken = self._taken[kind]
        for _ in range(10_000):
            text = make()
            if text not in taken:
                taken.add(text)
                return text
        raise RuntimeError(f"no new {kind} after {len(taken)}")

    def number(self, rng: random.Random, kind: str, pattern: str) -> str:
        """A new code of a kind, from a pattern of `#` and `@`."""
        return self.unique(kind, lambda: fill(rng, pattern))

    def staff(self, rng: random.Random, country: Country, gender: str) -> str:
        """The name of someone who works there; never the name of a profile of any domain."""
        return self._staff.draw(rng, country, gender)


def address(rng: random.Random, country: Country) -> str:
    """An address in the form of the country, on one line: street and number, city."""
    line = country.address.format(n=rng.randint(2, 98), block=rng.randint(1, 9), street=rng.choice(country.streets))
    return f"{line}, {rng.choice(country.cities)}"


def home_address(rng: random.Random, country: Country, registry: Registry) -> str:
    """An address that nobody has yet."""
    return registry.unique("home_address", lambda: address(rng, country))
