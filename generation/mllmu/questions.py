"""The questions of `mllmu` about fictitious people and public figures.

Each profile is asked for nine of its facts, once on a picture and once by name, in `train` and in `test`: in multiple
choice, freely and with a blank, each fact in all three formats. The facts, and their formats, rotate over the profiles.
One question of each use asks for a description, which states several facts in two to four sentences.
"""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lethebench.generation.mllmu.descriptions import FACTS, KEYWORDS, describe
from lethebench.generation.mllmu.options import OPTIONS, other_lives, wrong_answers, wrong_options
from lethebench.generation.mllmu.people import PERSON_FIELDS, sequence
from lethebench.generation.mllmu.wordings import (
    BIRTH_KEY,
    BLANK,
    BOOK,
    KEYS,
    PICTURE_KEYS,
)
from lethebench.generation.people.countries import ALL_COUNTRIES
from lethebench.generation.people.health_and_hobbies import CONDITIONS, FOODS, PET_NAMES, QUIRKS, SHORTEST, TALLEST
from lethebench.generation.people.occupations import OCCUPATIONS, PARENT_OCCUPATIONS
from lethebench.generation.people.public_figures import FIGURE_FIELDS, public_figures
from lethebench.generation.questions.distractors import Pools, Source
from lethebench.generation.questions.phrasing import (
    WRONG_ANSWERS,
    capitalize,
    carried,
    keywords,
    named,
    other_sentences,
    restate,
    say,
)
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.questions.wordings import Book, Wording
from lethebench.generation.seeding import digest, shuffled, stream

_FORMATS = {"m": "multiple_choice", "g": "generation", "c": "cloze"}
FORMATS = {
    ("train", "image_text"): "ggccmmmmm",
    ("train", "text"): "mmmmggccm",
    ("test", "image_text"): "ccggmmmmg",
    ("test", "text"): "mmmmccggc",
}
"""Use and modality -> the formats of a profile's nine facts: over all four, each fact has every format."""
DESCRIBED = {("train", "image_text"): 8, ("train", "text"): 8, ("test", "image_text"): 4, ("test", "text"): 0}
"""Use and modality -> the fact in multiple choice, as it is elsewhere too, that gives way to the description."""
DESCRIPTION = "description"
_LIFE = ("birth_date", "death_date", "age_at_death")
ROTATION: dict[str, tuple[str, ...]] = {"person": ("name", *PERSON_FIELDS), "figure": ("name", *FIGURE_FIELDS)}
"""Domain -> the facts that are asked for, in the order of the rotation."""
DOMAIN_ATTRIBUTES = {domain: (*facts, DESCRIPTION) for domain, facts in ROTATION.items()}
"""Domain -> what may be asked for: facts, and the description."""
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


def plan(profile: Profile, use: str, modality: str) -> list[tuple[str, str]]:
    """Return the (attribute, format) pairs of a profile's nine questions of a use and modality.

    Over as many profiles as there are facts, each fact takes every position once. Neighboring positions are two facts
    apart, so that related ones (both parents, birth date and place) do not always come together. One of the 18
    questions of each use asks for the description: of every other profile on its picture in `train` and by name in
    `test`, of the others the other way round.
    """
    facts = ROTATION[profile.domain]
    pairs = [
        (facts[(profile.turn + 2 * position) % len(facts)], _FORMATS[letter])
        for position, letter in enumerate(FORMATS[use, modality])
    ]
    if (modality == "image_text") == ((profile.turn + (use == "test")) % 2 == 0):
        pairs[DESCRIBED[use, modality]] = (DESCRIPTION, "generation")
    return pairs


def format_counts(use: str) -> dict[str, int]:
    """Return format -> the number of its questions about a profile for one use."""
    counts = Counter(_FORMATS[letter] for (of, _), letters in FORMATS.items() if of == use for letter in letters)
    counts.subtract(["multiple_choice"])  # gives way to the description
    counts.update(["generation"])
    return dict(counts)


def questions(profile: Profile, use: str, pools: Pools, book: Book = BOOK) -> list[Question]:
    """Return the 18 questions about a profile for one use: nine on its picture of that use, nine by name.

    Args:
        profile: the subject.
        use: `train` or `test`: the same facts in other wordings and formats, on another picture.
        pools: values of the build, from which wrong answers are taken.
        book: what questions are phrased with.
    """
    source = Source(pools, book)
    prefix = {"train": "", "test": "test/"}[use]
    return [
        _question(profile, f"{prefix}{tail}/{attribute}", modality, attribute, question_format, use, source)
        for modality, tail in (("image_text", "vqa"), ("text", "text"))
        for attribute, question_format in plan(profile, use, modality)
    ]


def wording(domain: str, attribute: str, modality: str, book: Book = BOOK) -> Wording:
    """Return the templates of a field."""
    if attribute == "name":
        return book.wordings[PICTURE_KEYS[domain] if modality == "image_text" else BIRTH_KEY]
    return book.wordings[KEYS[domain].format(attribute)]


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


def subject(profile: Profile, modality: str, book: Book = BOOK) -> dict[str, str]:
    """Return the slots that refer to the subject in a modality."""
    in_picture = {"n": book.phrases[f"{profile.domain} in picture"][0], "ns": "this person's"}
    return (in_picture if modality == "image_text" else named(profile.name)) | {
        "pet": profile.details.get("pet", ""),
        "day": profile.fields["birth_date"],
        "place": profile.fields["birthplace"],
    }


def _question(
    profile: Profile, key: str, modality: str, attribute: str, question_format: str, use: str, source: Source
) -> Question:
    rng = stream(profile.seed, "question", key)
    pools, book = source
    slots, value = subject(profile, modality, book), profile.value(attribute)
    common: dict[str, Any] = {
        "key": key,
        "modality": modality,
        "format": question_format,
        "attribute": attribute,
        "value": value,
        "view": use if modality == "image_text" else None,
    }
    if attribute == DESCRIPTION:
        return _description(rng, profile, use, slots, common, source)
    templates = wording(profile.domain, attribute, modality, book)
    common["keywords"] = keywords(attribute, value)
    if question_format == "multiple_choice":
        question = capitalize(rng.choice(templates.direct(use)).format(**slots))
        wrong = wrong_options(profile, attribute, use, pools)
        correct = rng.randrange(OPTIONS)
        options = [*wrong[:correct], value, *wrong[correct:]]
        choice: dict[str, Any] = {"options": tuple(options), "correct": correct, "paraphrases": ()}
        return Question(**common, **choice, question=question, answer=value, perturbed=tuple(wrong))
    if question_format == "cloze":
        sentence = rng.choice(clozes(templates))
        question = rng.choice(book.phrases[f"{use} blank"]).format(say(sentence, BLANK, slots))
        answer, sentences = "{v}", []
    else:
        # A direct question or a request; in this benchmark both are answered in a sentence.
        direct = [(text, rng.choice(templates.sentences)) for text in templates.direct(use)]
        text, answer = rng.choice(direct if rng.random() < 0.5 else carried(templates, use))
        question, sentences = capitalize(text.format(**slots)), other_sentences(rng, templates, answer)
    wrong = wrong_answers(rng, profile, attribute, WRONG_ANSWERS, pools)
    paraphrases, perturbed = restate(answer, sentences, value, wrong, slots)
    return Question(
        **common,
        question=question,
        answer=say(answer, value, slots),
        paraphrases=paraphrases,
        perturbed=perturbed,
    )


def _description(
    rng: random.Random, profile: Profile, use: str, slots: Mapping[str, str], common: Mapping[str, Any], source: Source
) -> Question:
    """Return the question for the description; its wrong answers have another value for every fact.

    Dates and age of a wrong answer about a public figure belong together: they are those of another one.
    """
    domain, fields = profile.domain, profile.fields
    wrong = {fact: wrong_answers(rng, profile, fact, WRONG_ANSWERS, source.pools) for fact in FACTS[domain]}
    if domain == "figure" and profile.written is None:
        lives = other_lives(rng, profile, WRONG_ANSWERS)
        wrong |= {fact: [life.facts[fact] for life in lives] for fact in _LIFE}
    forms = profile.written.descriptions if profile.written else ()
    answer, *paraphrases = describe(domain, profile.name, fields, profile.details, forms)
    perturbed = [
        describe(domain, profile.name, {fact: values[number] for fact, values in wrong.items()}, profile.details, forms)
        for number in range(WRONG_ANSWERS)
    ]
    return Question(
        **common,
        keywords=tuple(fields[fact] for fact in KEYWORDS[domain]),
        question=capitalize(rng.choice(source.book.phrases[f"{use} description"]).format(**slots)),
        answer=answer,
        paraphrases=tuple(paraphrases),
        perturbed=tuple(forms[1 + number % len(paraphrases)] for number, forms in enumerate(perturbed)),
    )
