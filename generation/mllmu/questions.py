"""The questions of `mllmu` about fictitious people and public figures.

Each profile is asked for nine of its facts, once on a picture and once by name: five in multiple choice, two freely and
two with a blank. The facts, and their formats, rotate over the profiles.
"""

from typing import Any

from lethebench.generation.mllmu.people import PERSON_FIELDS, sequence
from lethebench.generation.mllmu.wordings import (
    BLANK,
    BY_BIRTH,
    CLOZES,
    FIGURE_WORDINGS,
    IN_EVIDENCE,
    IN_PICTURE,
    PERSON_WORDINGS,
)
from lethebench.generation.people.countries import ALL_COUNTRIES
from lethebench.generation.people.health_and_hobbies import CONDITIONS, FOODS, PET_NAMES, QUIRKS, SHORTEST, TALLEST
from lethebench.generation.people.occupations import OCCUPATIONS, PARENT_OCCUPATIONS
from lethebench.generation.people.public_figures import FIGURE_FIELDS, public_figures
from lethebench.generation.questions.distractors import Pools, wrong_values
from lethebench.generation.questions.phrasing import (
    WRONG_ANSWERS,
    capitalize,
    keywords,
    named,
    phrase,
    restate,
    say,
)
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.questions.wordings import Wording
from lethebench.generation.seeding import digest, shuffled, stream

FORMATS = ("multiple_choice",) * 5 + ("generation",) * 2 + ("cloze",) * 2
"""The formats of a profile's nine facts."""
OPTIONS = 4
"""Options of a multiple-choice question."""
DOMAIN_ATTRIBUTES: dict[str, tuple[str, ...]] = {"person": ("name", *PERSON_FIELDS), "figure": ("name", *FIGURE_FIELDS)}
"""Domain -> what may be asked for, in the order of the rotation."""
_PLACES = tuple(f"{city}, {country.name}" for country in ALL_COUNTRIES for city in country.cities)
LISTED: dict[str, tuple[str, ...]] = {
    "birthplace": _PLACES,
    "residence": _PLACES,
    "height": tuple(f"{height} cm" for height in range(min(SHORTEST.values()), max(TALLEST.values()) + 1)),
    "occupation": tuple(entry.name for entry in OCCUPATIONS),
    "medical_condition": tuple(entry.name for entry in CONDITIONS),
    "father_occupation": PARENT_OCCUPATIONS,
    "mother_occupation": PARENT_OCCUPATIONS,
    "favorite_food": FOODS,
    "pet_name": PET_NAMES,
    "quirk": QUIRKS,
}
"""Attributes of people whose values come from a table."""


def plan(profile: Profile) -> list[tuple[str, str]]:
    """Return the (attribute, format) pairs of a profile.

    Over as many profiles as there are attributes, each attribute takes every position once. Neighboring positions are
    two attributes apart, so that related facts (both parents, birth date and place) do not always come together.
    """
    attributes = DOMAIN_ATTRIBUTES[profile.domain]
    return [
        (attributes[(profile.turn + 2 * position) % len(attributes)], question_format)
        for position, question_format in enumerate(FORMATS)
    ]


def questions(profile: Profile, use: str, pools: Pools) -> list[Question]:
    """Return the 18 questions about a profile for one use: nine on its picture of that use, nine by name.

    Args:
        profile: the subject.
        use: `train` or `test`: the same facts in other wordings, on another picture.
        pools: values of the build, from which wrong answers are taken.
    """
    prefix = {"train": "", "test": "test/"}[use]
    return [
        _question(profile, f"{prefix}{tail}/{attribute}", modality, attribute, question_format, use, pools)
        for modality, tail in (("image_text", "vqa"), ("text", "text"))
        for attribute, question_format in plan(profile)
    ]


def wording(domain: str, attribute: str, modality: str) -> Wording:
    """Return the templates of a field."""
    if attribute == "name":
        in_picture = {"person": IN_PICTURE, "figure": IN_EVIDENCE}[domain]
        return in_picture if modality == "image_text" else BY_BIRTH
    return {"person": PERSON_WORDINGS, "figure": FIGURE_WORDINGS}[domain][attribute]


def clozes(templates: Wording) -> list[str]:
    """Return the sentences of a field that can have a blank: those without an article before the value."""
    return [sentence for sentence in templates.sentences if "{v}" in sentence]


def decoys(attribute: str, count: int, *, seed: int) -> list[str]:
    """Return at most `count` distinct values of an attribute, drawn like those of profiles.

    Raises:
        ValueError: for an unknown attribute.
    """
    attributes = dict.fromkeys(name for names in DOMAIN_ATTRIBUTES.values() for name in names)
    if attribute not in attributes:
        raise ValueError(f"unknown attribute {attribute!r}; use {', '.join(attributes)}")
    if attribute in LISTED:
        return shuffled(LISTED[attribute], seed, "decoys", attribute)[:count]
    if attribute not in DOMAIN_ATTRIBUTES["person"]:
        return list(dict.fromkeys(figure.facts[attribute] for figure in public_figures()))[:count]
    values: dict[str, None] = {}
    for profile in sequence(digest("decoys", seed)):
        if len(values) >= count:
            break
        values[profile.value(attribute)] = None
    return list(values)


def subject(profile: Profile, modality: str) -> dict[str, str]:
    """Return the slots that refer to the subject in a modality."""
    in_picture = {"n": "the person in the picture", "ns": "this person's"}
    if profile.domain == "figure":
        in_picture["n"] = "the person that the picture is about"
    return (in_picture if modality == "image_text" else named(profile.name)) | {
        "pet": profile.details.get("pet", ""),
        "day": profile.fields["birth_date"],
        "place": profile.fields["birthplace"],
    }


def _question(
    profile: Profile, key: str, modality: str, attribute: str, question_format: str, use: str, pools: Pools
) -> Question:
    rng = stream(profile.seed, "question", key)
    slots, value = subject(profile, modality), profile.value(attribute)
    templates = wording(profile.domain, attribute, modality)
    common: dict[str, Any] = {
        "key": key,
        "modality": modality,
        "format": question_format,
        "attribute": attribute,
        "value": value,
        "keywords": keywords(attribute, value),
        "view": use if modality == "image_text" else None,
    }
    if question_format == "multiple_choice":
        question = capitalize(rng.choice(templates.direct(use)).format(**slots))
        options = wrong_values(rng, profile, attribute, OPTIONS - 1, pools)
        correct = rng.randrange(OPTIONS)
        options.insert(correct, value)
        choice: dict[str, Any] = {"options": tuple(options), "correct": correct, "paraphrases": (), "perturbed": ()}
        return Question(**common, **choice, question=question, answer=value)
    if question_format == "cloze":
        sentence = rng.choice(clozes(templates))
        question = rng.choice(CLOZES[use]).format(say(sentence, BLANK, slots))
        others = [other for other in templates.sentences if other != sentence]
        answer, sentences = "{v}", [sentence, *rng.sample(others, 2)]
    else:
        question, answer, sentences = phrase(rng, templates, use)
        question = capitalize(question.format(**slots))
    wrong = wrong_values(rng, profile, attribute, WRONG_ANSWERS, pools)
    paraphrases, perturbed = restate(answer, sentences, value, wrong, slots)
    return Question(
        **common,
        question=question,
        answer=say(answer, value, slots),
        paraphrases=paraphrases,
        perturbed=perturbed,
    )
