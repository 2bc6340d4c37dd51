"""The people of documents, and the registry of values that no two documents share."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from lethebench.generation.people.countries import Country, DetailedCountry
from lethebench.generation.people.names import NameBook
from lethebench.generation.seeding import fill


@dataclass(frozen=True)
class Person:
    """The subject of a document.

    Attributes:
        name: first and last name.
        gender: `female` or `male`; fits the first name.
        country: of origin.
        birth: date of birth.
        reference: the day that the document is about (admission, first day of work).
        age: full years on that day.
    """

    name: str
    gender: str
    country: DetailedCountry
    birth: date
    reference: date
    age: int


class Identity(NamedTuple):
    """Who a person is, whatever document is about them; as in Person."""

    name: str
    gender: str
    country: DetailedCountry
    birth: date


class Registry:
    """The names, codes and addresses used by the profiles of a sequence, each of which is used once."""

    def __init__(self, domain: str):
        self.people = NameBook(domain)
        self._staff = NameBook("staff")
        self._used: dict[str, set[str]] = defaultdict(set)

    def unique(self, kind: str, draw: Callable[[], str]) -> str:
        """Return the first unused text that `draw()` returns.

        Raises:
            RuntimeError: if 10,000 draws bring nothing new.
        """
        used = self._used[kind]
        for _ in range(10_000):
            text = draw()
            if text not in used:
                used.add(text)
                return text
        raise RuntimeError(f"no unused {kind} after {len(used)}; ask for fewer profiles")

    def number(self, rng: random.Random, kind: str, pattern: str) -> str:
        """Draw an unused code from a pattern of `#` and `@`."""
        return self.unique(kind, lambda: fill(rng, pattern))

    def staff(self, rng: random.Random, country: Country, gender: str) -> str:
        """Draw the name of a member of staff, which no profile of any domain has."""
        return self._staff.draw(rng, country, gender)
