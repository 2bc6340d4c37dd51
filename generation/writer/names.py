"""Names that no written person or company may have: those of real ones, and those that are used already."""

import re
from collections.abc import Iterable
from functools import cache

from lethebench.generation.mlu.facts import release
from lethebench.generation.people.names import FAMOUS, plain
from lethebench.generation.people.public_figures import public_figures
from lethebench.generation.writer.answers import RejectedError

_WORD = re.compile(r"[^\W\d_]+")
_COMPANIES = (
    "Airbus", "Alibaba", "Allianz", "Amazon", "Bayer", "Boeing", "Bosch", "Canon", "Cisco", "Citigroup", "Coca Cola",
    "Danone", "Deloitte", "Disney", "Ericsson", "ExxonMobil", "Facebook", "FedEx", "Goldman Sachs", "Heineken",
    "Hitachi",
    "Honda", "Huawei", "Hyundai", "Ikea", "JPMorgan", "KPMG", "Lufthansa", "Mastercard", "McDonald", "Mitsubishi",
    "Nestlé", "Nike", "Nintendo", "Nokia", "Novartis", "OpenAI", "Panasonic", "Pepsi", "PepsiCo", "Petrobras", "Pfizer",
    "Philips", "Renault", "Roche", "Samsung", "Siemens", "Sony", "Spotify", "Starbucks", "Tencent", "Tesla", "Toshiba",
    "Toyota", "Twitter", "Uber", "Unilever", "Vodafone", "Volkswagen", "Volvo", "Walmart", "Walt Disney",
)  # fmt: skip


@cache
def real_people() -> frozenset[frozenset[str]]:
    """Return the words of the names of public figures, other famous people, and the people of mlu."""
    names = {*FAMOUS, *(figure.name for figure in public_figures())}
    return _word_sets(names | _entities("Personage"))


@cache
def real_companies() -> frozenset[frozenset[str]]:
    """Return the words of the names of the companies of mlu and of other well-known ones."""
    return _word_sets(_entities("Corporation") | set(_COMPANIES))


def check_person(name: str) -> None:
    """Raise RejectedError if a name is, or holds, that of a real or famous person, in any order of its words."""
    words = _words(name)
    if words in real_people() or any(len(real) > 1 and real <= words for real in real_people()):
        raise RejectedError(f"the name {name!r:.80} is that of a real or famous person")


def check_company(name: str) -> None:
    """Raise RejectedError if the name of a company holds that of a real one."""
    words = _words(name)
    if any(real <= words for real in real_companies()):
        raise RejectedError(f"the company {name!r:.80} has the name of a real one")


def _entities(class_name: str) -> set[str]:
    return {entity.name for entity in release().classes[class_name].everyone.values()}


def _word_sets(names: Iterable[str]) -> frozenset[frozenset[str]]:
    return frozenset(words for name in names if (words := _words(name)))


class Used:
    """Texts of which no two may be nearly the same."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def check(self, text: str, what: str) -> None:
        """Raise RejectedError if a text, or one that differs in a single letter, is used."""
        for form in _near(text):
            if form in self._seen:
                raise RejectedError(f"{what} {text!r:.80} is nearly that of another, {self._seen[form]!r:.80}")

    def add(self, text: str) -> None:
        """Note a text as used."""
        self._seen |= dict.fromkeys(_near(text), text)


def _near(text: str) -> list[str]:
    """Return a text without accents, case and blanks, whole and without each of its letters."""
    letters = "".join(character for character in plain(text) if character.isalnum())
    return [letters, *(letters[:index] + letters[index + 1 :] for index in range(len(letters)))]


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(plain(name)))
