"""Full names per country from Faker's lists: first and last name, in Latin letters, fitting the gender."""

import importlib
import random
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from lethebench.generation.people.birthplaces import Land
from lethebench.generation.people.countries import Country
from lethebench.generation.people.more_names import NAMES
from lethebench.generation.seeding import digest

# Latin letters up to Latin Extended-A, which the documents' fonts all hold; one word, a hyphen or an apostrophe within.
_CAPITAL, _SMALL = "A-ZÀ-ÖØ-ÞĀ-Ž", "a-zß-öø-ÿā-žșț"
_WORD = re.compile(rf"[{_CAPITAL}](?:[{_SMALL}]|['-](?=[{_CAPITAL}])|(?<=['-])[{_CAPITAL}]|(?<=Mc|ac)[A-Z])+")
_LENGTH = 3, 13  # letters of one name; keeps full names short enough for a small model to memorise
# Entries of Faker's lists that are no names of a country, or that a reader would stop at.
_NOT_NAMES = {"Doe", "Princess", "Öcalan", "Mituru", "Bebe", "Jesus", "Jésus", "Demon", "Rambo", "Junior"}
# Full names that the lists can make and that every reader knows as someone else's.
_FAMOUS = {
    "aaron carter", "adam smith", "angela davis", "anna kournikova", "anne boleyn", "anne hathaway", "bob marley",
    "bruce lee", "bruno mars", "carl lewis", "chris brown", "chris martin", "chris rock", "david cameron",
    "david copperfield", "diana ross", "elizabeth taylor", "elton john", "emma stone", "emma watson", "frank ocean",
    "gabriel jesus", "george bush", "george clooney", "george harrison", "george michael", "george orwell",
    "george washington", "harry potter", "harry styles", "isaac newton", "james bond", "james brown", "james cameron",
    "james dean", "james taylor", "jane austen", "janet jackson", "jimmy carter", "john lennon", "john wayne",
    "karl marx", "kate bush", "kate moss", "kate winslet", "katy perry", "kevin hart", "lewis hamilton", "liam neeson",
    "lionel messi", "margaret thatcher", "marie curie", "martin luther", "mary shelley", "max planck",
    "michael jackson", "michael jordan", "oscar wilde", "paul newman", "paul simon", "peter jackson", "ray charles",
    "robert burns", "robert plant", "rod stewart", "ronald reagan", "russell brand", "scarlett johansson",
    "serena williams", "stephen king", "stevie wonder", "taylor swift", "thomas jefferson", "tiger woods",
    "tina turner", "tom hanks", "tom jones", "venus williams", "walter scott", "whitney houston", "will smith",
    "william blake",
}  # fmt: skip
# Where Faker's first names mix the genders or are rarely borne, common ones of the country.
_FIRST_NAMES = {
    "tr_TR": {
        "female": "Ayşe Fatma Emine Zeynep Elif Meryem Merve Esra Büşra Kübra Derya Sevgi Gülay Nurcan Filiz Pınar "
        "Ebru Özlem Tuğba Hande Burcu Ceren İpek Nazlı Sibel Serap Yasemin Aslı Melike Hatice Songül Didem",
        "male": "Mehmet Mustafa Ahmet Hüseyin Hasan İbrahim Murat Yusuf Emre Burak Serkan Onur Cem Kerem Tolga Volkan "
        "Orhan Halil Osman Selim Kemal Erdem Uğur Barış Tuncay Levent Sinan Ferhat Gökhan Alper Bülent Cenk",
    },
    "zu_ZA": {
        "female": "Nomvula Thandeka Nokuthula Zanele Busisiwe Sibongile Thandiwe Lindiwe Nompumelelo Zodwa Nobuhle "
        "Zinhle Nolwazi Gugulethu Nonhlanhla Nokwanda Thembeka Bongiwe Hlengiwe Khanyisile Nosipho Nomusa Thembi",
        "male": "Sipho Themba Mandla Sibusiso Thulani Bongani Nkosinathi Siyabonga Sandile Vusi Lwazi Mthokozisi "
        "Dumisani Jabulani Sizwe Mduduzi Njabulo Mzwandile Lindani Sifiso Thabani Bheki Zakhele Philani",
    },
}

# The official romanisation of Ukrainian (resolution 55 of 2010); the second table holds at the start of a word.
_UKRAINIAN = str.maketrans(
    dict(zip("абвгґдезиіклмнопрстуфїй", "abvhgdezyiklmnoprstufii", strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia", "є": "ie"}
    | dict.fromkeys("ь'ʼ’", "")
)
_INITIAL = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}


def romanise(word: str) -> str:
    """A Ukrainian name in Latin letters; other words as they are."""
    if not re.match(r"[\u0400-\u052f]", word):
        return word
    lower = word.lower().replace("зг", "zgh")
    return (_INITIAL.get(lower[0], lower[0]) + lower[1:]).translate(_UKRAINIAN).capitalize()


def plain(name: str) -> str:
    """The name without accents, in lower case: two names that differ in accents alone count as one."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


# Faker's American list writes Mcdonald and Oconnor.
_IRISH = re.compile(r"^(?:(Mc)([a-z])|O(brien|connell|connor|donnell|hara|keefe|neal|neil|neill))(?=[a-z]*$)")


def _rejoin(match: re.Match) -> str:
    return f"{match[1]}{match[2].upper()}" if match[1] else f"O'{match[3].capitalize()}"


def _clean(words) -> tuple[str, ...]:
    shaped = (_IRISH.sub(_rejoin, word.title() if word.isupper() else romanise(word)) for word in words)
    good = {w for w in shaped if _WORD.fullmatch(w) and _LENGTH[0] <= len(w) <= _LENGTH[1] and w not in _NOT_NAMES}
    return tuple(sorted(good))


@cache
def pools(locale: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """gender -> (first names, last names) of a locale of Faker or of `more_names`.

    First names borne by both genders are left out.
    """
    if locale in NAMES:
        return NAMES[locale]
    lists = importlib.import_module(f"faker.providers.person.{locale}").Provider

    def words(*attributes: str) -> tuple[str, ...]:
        found = next((getattr(lists, attribute) for attribute in attributes if hasattr(lists, attribute)), ())
        return _clean(found)

    first = {gender: words(f"first_romanized_names_{gender}", f"first_names_{gender}") for gender in ("female", "male")}
    first |= {gender: tuple(names.split()) for gender, names in _FIRST_NAMES.get(locale, {}).items()}
    last = {
        gender: words(f"last_names_{gender}", "last_romanized_names", "last_names") for gender in ("female", "male")
    }
    if locale == "pl_PL":  # Faker keeps the -ski names of men apart and gives women the unisex ones alone
        shared, men = _clean(lists.unisex_last_names), _clean(lists.male_last_names)
        last = {"male": men + shared, "female": tuple(re.sub("([sc]k|dzk)i$", r"\1a", name) for name in men) + shared}
    both = set(first["female"]) & set(first["male"])
    if locale == "en_KE":  # Faker's first names hold family names too, of either gender
        both |= set(last["female"])
    return {gender: (tuple(n for n in first[gender] if n not in both), last[gender]) for gender in ("female", "male")}


def full_name(rng: random.Random, country: Country | Land, gender: str) -> str:
    """One first and one last name of the country."""
    first, last = pools(country.locale)[gender]
    return f"{rng.choice(first)} {rng.choice(last)}"


class NameBook:
    """Hands out full names, none twice.

    Every full name belongs to one of three shares by its own hash (patients, employees, staff), so that books of
    different shares never meet, however many names each hands out. A book of no share has all of them to give.

    Args:
        share: one of SHARES, or None.
        taken: names that it must not give, in the form of `plain`.
    """

    SHARES = ("medical", "labor", "staff")

    def __init__(self, share: str | None, taken: Iterable[str] = ()):
        self.share = None if share is None else self.SHARES.index(share)
        self.taken: set[str] = set(taken)

    def draw(self, rng: random.Random, country: Country | Land, gender: str) -> str:
        """A new name.

        Raises:
            RuntimeError: when the country has run out of names.
        """
        for _ in range(10_000):
            name = full_name(rng, country, gender)
            key = plain(name)
            ours = self.share is None or digest("name", key) % len(self.SHARES) == self.share
            if key not in self.taken and key not in _FAMOUS and ours:
                self.taken.add(key)
                return name
        raise RuntimeError(f"no {gender} name of {country.name} is left after {len(self.taken)} names")
