"""Private documents and what may be asked about them: the profiles and questions of the `icu` benchmark.

A profile is one person with one medical report or one labor contract, derived from (seed, domain, index):

    Profile(id="medical-0000", domain="medical", name="...", fields={"diagnosis": "gout", ...}, details={...})
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice

from lethebench.generation.people import labor, medical
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.people.diagnoses import ALLERGIES, DIAGNOSES
from lethebench.generation.people.person import Person, Registry, age_on, born, written
from lethebench.generation.people.positions import POSITIONS
from lethebench.generation.questions import ask as asking
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.seeding import digest, rotation, stream

DOMAINS: dict[str, tuple[str, ...]] = {"medical": medical.ATTRIBUTES, "labor": labor.ATTRIBUTES}
_FACTS = {"medical": medical.facts, "labor": labor.facts}
_DAY = {"medical": medical.admission_day, "labor": labor.first_day}
_AGES = {"medical": (18, 86), "labor": (20, 63)}

# Attributes whose values are a fixed list. All of their wrong values may serve as wrong answers, and chance is 1 / len.
CLOSED: dict[str, tuple[str, ...]] = {"blood_type": medical.BLOOD_TYPES, "contract_term": tuple(labor.TERMS)}
# Open attributes with a table behind them: no more values than these exist.
LISTED: dict[str, tuple[str, ...]] = {
    "diagnosis": tuple(entry.name for entry in DIAGNOSES),
    "medication": tuple(dict.fromkeys(drug for entry in DIAGNOSES for drug in entry.medications)),
    "allergy": tuple(ALLERGIES),
    "position": tuple(entry.name for entry in POSITIONS),
}


def profiles(domain: str, count: int, *, seed: int, overlap: float = 0.0) -> list[Profile]:
    """The first `count` profiles of a domain.

    Names are unique in the whole universe of a seed: within a domain, across the domains, and among the staff on the
    documents. A smaller count is a prefix of a bigger one.

    Args:
        domain: `medical` or `labor`.
        count: how many, at least 0. Time grows linearly.
        seed: of the universe.
        overlap: share in [0, 1] of the profiles that have something in common with others: the attending physician
            (one in three of them the home address as well), or the employer. 0: no two share either.

    Raises:
        ValueError: for an unknown domain, a negative count or an overlap outside [0, 1].
        RuntimeError: when a country runs out of names, beyond some 30,000 profiles of one domain.
    """
    if domain not in DOMAINS:
        raise ValueError(f"no profiles of domain {domain!r}: there are {', '.join(DOMAINS)}")
    if count < 0:
        raise ValueError(f"count {count}: must be 0 or more")
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap {overlap}: must lie in 0..1, the share of profiles that have something in common")
    return list(islice(_sequence(domain, seed, overlap), count))


def train_questions(profile: Profile, values: Mapping[str, Sequence[str]]) -> list[Question]:
    """The 2F + 1 questions that a model is trained on, F being the number of maskable fields.

    F about a page with the asked field masked, F about the person by name, and one about the page with everything
    masked: whose it is.

    Args:
        profile: whom to ask about.
        values: attribute (and `name`) -> the values that occur in the build, from which wrong answers are taken.
    """
    return asking.questions(profile, DOMAINS[profile.domain], values, "train", _more)


def test_questions(profile: Profile, values: Mapping[str, Sequence[str]]) -> list[Question]:
    """The same 2F + 1 facts in wordings that no training question has, on second scans, and whose the full page is."""
    return asking.questions(profile, DOMAINS[profile.domain], values, "test", _more)


def decoys(attribute: str, count: int, *, seed: int) -> list[str]:
    """Distinct values of an attribute, drawn as those of profiles are.

    Args:
        attribute: a maskable attribute, or `name`.
        count: how many at most. A closed attribute gives its whole space whatever the count; a listed one gives no more
            than its list holds.
        seed: of the draw.

    Raises:
        ValueError: for an unknown attribute.
        RuntimeError: if names run out before so many are found: of dates there are some 1,000.
    """
    if attribute in CLOSED:
        return list(CLOSED[attribute])
    if attribute in LISTED:
        listed = list(LISTED[attribute])
        stream(seed, "decoys", attribute).shuffle(listed)
        return listed[:count]
    domain = next((domain for domain, names in DOMAINS.items() if attribute in (*names, "name")), None)
    if domain is None:
        raise ValueError(f"no attribute {attribute!r}: there are name, {', '.join(sum(DOMAINS.values(), ()))}")
    drawn = 64
    while True:
        persons = _persons(domain, seed, drawn)
        found = dict.fromkeys(person.name if attribute == "name" else person.fields[attribute] for person in persons)
        if len(found) >= count:
            return list(found)[:count]
        drawn *= 2


@lru_cache(maxsize=16)
def _persons(domain: str, seed: int, count: int) -> tuple[Profile, ...]:
    """Profiles of no build, whose values are the decoys of all attributes: kept, as a build asks for each attribute."""
    return tuple(islice(_sequence(domain, digest("decoys", seed), 0.0), count))


@cache
def _more(attribute: str) -> tuple[str, ...]:
    """Values for builds that have too few of their own, or too few in the same currency or pattern."""
    return tuple(decoys(attribute, 1_500 if attribute in asking.SHAPED else 48, seed=0))


def _sequence(domain: str, seed: int, overlap: float) -> Iterator[Profile]:
    """Profiles without end."""
    registry = Registry(domain)
    founders: list[dict] = []
    joined = 0
    index = 0
    while True:
        person = _person(domain, seed, index, registry)
        rng = stream(seed, domain, index, "facts")
        shared = None
        sharing = _shares(seed, domain, index, overlap)
        if sharing and len(founders) > joined // 4:
            shared = _join(rng, domain, person, founders)
            joined += shared is not None
        fields, details = _FACTS[domain](rng, person, registry, shared)
        if sharing and shared is None:
            founders.append({**fields, **details, "country": person.country})
        common = {
            "birth_date": written(person.birth),
            "age": str(person.age),
            "gender": person.gender,
            "nationality": person.country.nationality,
        }
        yield Profile(
            id=f"{domain}-{index:04d}",
            domain=domain,
            name=person.name,
            fields=fields,
            details=common | details,
            seed=digest(seed, domain, index, "look"),
        )
        index += 1


def _person(domain: str, seed: int, index: int, registry: Registry) -> Person:
    """The person at a place of the sequence; countries and genders take turns in shuffled rounds."""
    rng = stream(seed, domain, index, "person")
    country = rotation(seed, f"{domain} country", index, COUNTRIES)
    gender = rotation(seed, f"{domain} gender", index, ("female", "male"))
    day = _DAY[domain](rng)
    birth = born(rng, rng.randint(*_AGES[domain]), day)
    return Person(registry.people.draw(rng, country, gender), gender, country, birth, day, age_on(birth, day))


def _shares(seed: int, domain: str, index: int, overlap: float) -> bool:
    """Whether the profile at this place has something in common with others: exactly the share, to one in twenty."""
    place = rotation(seed, f"{domain} overlap", index, range(20))
    return int((place + 1) * overlap + 1e-9) > int(place * overlap + 1e-9)


def _join(rng, domain: str, person: Person, founders: list[dict]) -> dict | None:
    """What a person takes from an earlier document; None where none fits (wrong age or sex for the department)."""
    for founder in rng.sample(founders, min(len(founders), 8)):
        if domain == "labor":
            if labor.fitting(person.age, founder["sector"]):
                keys = ("country", "sector", "employer", "employer_address", "employer_phone")
                return {key: founder[key] for key in keys}
        elif medical.fitting(person, founder["department"]):
            keys = ("country", "department", "attending_physician", "hospital", "hospital_address", "hospital_phone")
            keys += ("home_address",) if rng.random() < 1 / 3 else ()
            return {key: founder[key] for key in keys}
    return None
