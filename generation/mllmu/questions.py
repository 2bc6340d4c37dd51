"""Fictitious people and public figures and what may be asked about them: the questions of the `mllmu` benchmark.

Each profile is asked for nine of its facts, each once about a picture and once by name: five in multiple choice, two in
questions to be answered freely, two in sentences with a blank. Which facts, and which in which format, goes in turns.
"""

from collections.abc import Mapping
from itertools import cycle

from lethebench.generation.mllmu import wordings
from lethebench.generation.mllmu.people import FIGURE, PERSON, SHORTEST, TALLEST, figure_profile, sequence
from lethebench.generation.mllmu.public_figures import public_figures
from lethebench.generation.people.birthplaces import LANDS
from lethebench.generation.people.health_and_hobbies import CONDITIONS, FOODS, PET_NAMES, QUIRKS
from lethebench.generation.people.occupations import OCCUPATIONS, PARENTS
from lethebench.generation.questions.ask import capitalised, phrased, possessive, say
from lethebench.generation.questions.distractors import ATTRIBUTES, Pools, value_of, wrong_values
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.questions.wordings import Wording
from lethebench.generation.seeding import digest, stream

FORMATS = ("multiple_choice",) * 5 + ("generation",) * 2 + ("cloze",) * 2
"""The formats of a profile's nine facts."""
ASKED: dict[str, tuple[str, ...]] = {"person": ("name", *PERSON), "figure": ("name", *FIGURE)}
"""Domain -> what may be asked for. The order is that in which facts take turns."""
OPTIONS, WRONG = 4, 5
"""Choices of a multiple-choice question, and wrong answers of any other."""
_PLACES = tuple(f"{city}, {land.name}" for land in LANDS for city in land.cities)
LISTED: dict[str, tuple[str, ...]] = {
    "birthplace": _PLACES,
    "residence": _PLACES,
    "height": tuple(f"{number} cm" for number in range(min(SHORTEST.values()), max(TALLEST.values()) + 1)),
    "occupation": tuple(job.name for job in OCCUPATIONS),
    "medical_condition": tuple(entry.name for entry in CONDITIONS),
    "father_occupation": PARENTS,
    "mother_occupation": PARENTS,
    "favorite_food": FOODS,
    "pet_name": PET_NAMES,
    "quirk": QUIRKS,
}
"""Attributes with a table behind them: people have no other values than these."""


def plan(profile: Profile) -> list[tuple[str, str]]:
    """The (attribute, format) pairs of a profile: over as many profiles as there are attributes, each has every place.

    Neighbouring places are two attributes apart, so that related facts (both parents, birth date and place) are not
    always asked together.
    """
    asked = ASKED[profile.domain]
    return [(asked[(profile.turn + 2 * place) % len(asked)], kind) for place, kind in enumerate(FORMATS)]


def questions(profile: Profile, use: str, known: Pools) -> list[Question]:
    """The 18 questions about a profile for one use: nine on its picture of that use, nine by name.

    Args:
        profile: the subject.
        use: `train` or `test`: the same facts in other wordings, about another picture.
        known: values of the build, from which wrong answers are taken.
    """
    prefix = {"train": "", "test": "test/"}[use]
    return [
        _question(profile, f"{prefix}{tail}/{attribute}", modality, attribute, kind, use, known)
        for modality, tail in (("image_text", "vqa"), ("text", "text"))
        for attribute, kind in plan(profile)
    ]


def wording(domain: str, attribute: str, modality: str) -> Wording:
    """The templates of a field."""
    if attribute == "name":
        return wordings.IN_PICTURE if modality == "image_text" else wordings.BY_BIRTH
    return {"person": wordings.PERSON, "figure": wordings.FIGURE}[domain][attribute]


def clozes(templates: Wording) -> list[str]:
    """The sentences of a field that can have a blank: those with no article before the value."""
    return [sentence for _, sentence in templates.echoes if "{v}" in sentence]


def decoys(attribute: str, count: int, *, seed: int) -> list[str]:
    """Distinct values of an attribute, drawn as those of profiles are: at most `count`, or as many as there are.

    Raises:
        ValueError: for an unknown attribute.
    """
    if attribute not in ATTRIBUTES:
        raise ValueError(f"no attribute {attribute!r}: there are {', '.join(ATTRIBUTES)}")
    if attribute in LISTED:
        listed = list(LISTED[attribute])
        stream(seed, "decoys", attribute).shuffle(listed)
        return listed[:count]
    found: dict[str, None] = {}
    if attribute not in ("name", *PERSON):
        found = dict.fromkeys(value_of(figure_profile(figure, 0, 0), attribute) for figure in public_figures())
        return list(found)[:count]
    for profile in sequence(digest("decoys", seed)):
        if len(found) >= count:
            break
        found[value_of(profile, attribute)] = None
    return list(found)


def keywords(attribute: str, value: str) -> tuple[str, ...]:
    """The parts of a value that carry the fact: a city and its country apart."""
    return tuple(value.split(", ")) if attribute in ("birthplace", "residence", "death_place") else (value,)


def subject(profile: Profile, modality: str) -> Mapping[str, str]:
    """What stands for the subject in templates."""
    named = {"n": profile.name, "ns": possessive(profile.name)}
    shown = {"n": "the person in the picture", "ns": "this person's"}
    return (shown if modality == "image_text" else named) | {
        "pet": profile.details.get("pet", ""),
        "day": profile.fields["birth_date"],
        "place": profile.fields["birthplace"],
    }


def _question(profile: Profile, key: str, modality: str, attribute: str, kind: str, use: str, known: Pools) -> Question:
    rng = stream(profile.seed, "question", key)
    who, value = subject(profile, modality), value_of(profile, attribute)
    templates = wording(profile.domain, attribute, modality)
    common = {
        "key": key,
        "modality": modality,
        "format": kind,
        "attribute": attribute,
        "value": value,
        "keywords": keywords(attribute, value),
        "view": use if modality == "image_text" else None,
    }
    if kind == "multiple_choice":
        asked = rng.choice(templates.asked if use == "train" else templates.held_out)
        options = wrong_values(rng, profile, attribute, OPTIONS - 1, known)
        correct = rng.randrange(OPTIONS)
        options.insert(correct, value)
        choice = {"options": tuple(options), "correct": correct, "paraphrases": (), "perturbed": ()}
        return Question(**common, **choice, question=capitalised(asked.format(**who)), answer=value)
    if kind == "cloze":
        whole = rng.choice(clozes(templates))
        asked = rng.choice(wordings.CLOZES[use]).format(say(whole, wordings.BLANK, who))
        rest = [sentence for _, sentence in templates.echoes if sentence != whole]
        form, others = "{v}", [whole, *rng.sample(rest, 2)]
    else:
        asked, form, others = phrased(rng, templates, use)
        asked = capitalised(asked.format(**who))
    wrong = wrong_values(rng, profile, attribute, WRONG, known)
    return Question(
        **common,
        question=asked,
        answer=say(form, value, who),
        paraphrases=tuple(say(other, value, who) for other in others),
        perturbed=tuple(say(other, one, who) for other, one in zip(cycle(others), wrong, strict=False)),
    )
