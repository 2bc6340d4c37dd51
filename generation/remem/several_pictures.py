"""The questions of `remem` over two to four pictures: which one shows somebody, same person or not, who is where.

Some of the pictures show the subject, the others somebody else whom the model was trained on.
"""

import random
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from lethebench.generation.questions.phrasing import WRONG_ANSWERS, capitalize
from lethebench.generation.questions.records import Question
from lethebench.generation.remem.people import FACTS, Person
from lethebench.generation.remem.questions import (
    Population,
    Shot,
    cloze_prompt,
    make_question,
    phrasings,
    subject,
    with_heads,
    wrong_values,
)
from lethebench.generation.remem.wordings import NUMBER_WORDS, ORDINALS
from lethebench.generation.seeding import rotation, stream

SEVERAL = "several"
"""The `part` of pictures of these questions."""
_PERSON_IN_IMAGE = (
    "The person in the {ordinal} image is {n}.",
    "The {ordinal} image shows {n}.",
    "It is {n} who is in the {ordinal} image.",
    "{n} is the person in the {ordinal} image.",
)


class _Draft(NamedTuple):
    text: str
    answers: Sequence[str]  # the answer and its paraphrases
    wrong: Sequence[str]
    keywords: tuple[str, ...]


def several_questions(person: Person, population: Population) -> list[Question]:
    """Return the ten questions about a person over several pictures."""
    return [_question(person, population, number, kind, pattern) for number, (kind, pattern) in enumerate(PLAN)]


def _which(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool]) -> _Draft:
    total, right = NUMBER_WORDS[len(shows)], ORDINALS[shows.index(True)]
    text = rng.choice(
        (
            f"Which of these {total} images shows {name}?",
            f"In which of the {total} images is {name}?",
            f"{name} is in one of these {total} images. Which one is it?",
        )
    )
    forms = (
        f"The {{}} image shows {name}.",
        f"{name} is in the {{}} image.",
        f"It is the {{}} image that shows {name}.",
        f"The image that shows {name} is the {{}} one.",
    )
    wrong = [form.format(word) for word, form in product(ORDINALS[: len(shows)], forms[1:]) if word != right]
    wrong += [f"None of the images shows {name}.", f"Each of the images shows {name}.", f"No image is of {name}."]
    return _Draft(text, [form.format(right) for form in forms], wrong, (right,))


def _same(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool]) -> _Draft:
    text = rng.choice(
        (
            "Do these two images show the same person?",
            "Is the same person in both images?",
            "Is it one and the same person in both images?",
        )
    )
    same = ("Yes, both images show {}.", "Yes, {} is in both images.", "Yes, it is {} in both images.",
            "Yes, the person in both images is {}.")  # fmt: skip
    different = (
        "No, the first image shows {} and the second image shows {}.",
        "No, {} is in the first image and {} in the second.",
        "No, the first image is of {}, the second of {}.",
        "No, it is {} in the first image and {} in the second.",
    )
    if all(shows):
        pairs = [pair for other in others[:2] for pair in ((name, other), (other, name))]
        wrong = [form.format(*pair) for form, pair in product(different[1:], pairs)]
        return _Draft(text, [form.format(name) for form in same], wrong, ("Yes", name))
    names = [name if is_subject else others[0] for is_subject in shows]
    wrong = [form.format(name) for form, name in product(same[1:], names)]
    return _Draft(text, [form.format(*names) for form in different], wrong, ("No", *names))


def _who(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool]) -> _Draft:
    ordinal = ORDINALS[shows.index(True)]
    text = rng.choice((f"Who is the person in the {ordinal} image?", f"Who does the {ordinal} image show?"))
    pairs = product(others[:WRONG_ANSWERS], _PERSON_IN_IMAGE[1:])
    wrong = [form.format(ordinal=ordinal, n=other) for other, form in pairs]
    return _Draft(text, [form.format(ordinal=ordinal, n=name) for form in _PERSON_IN_IMAGE], wrong, (name,))


def _count(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool]) -> _Draft:
    total, right = NUMBER_WORDS[len(shows)], NUMBER_WORDS[sum(shows)]
    text = rng.choice(
        (f"How many of these {total} images show {name}?", f"In how many of these {total} images is {name}?")
    )
    forms = (
        f"{name} is in {{}} of the {total} images.",
        f"It is {name} in {{}} of the {total} images.",
        f"Of the {total} images, {{}} show {name}.",
        f"There are {total} images, and {name} is in {{}} of them.",
    )

    def fill(form: str, word: str) -> str:
        return form.format(word).replace("one show ", "one shows ")

    numbers = NUMBER_WORDS[: len(shows) + 1]
    wrong = [fill(form, word) for form, word in product(forms[1:], numbers) if word != right]
    return _Draft(text, [fill(form, right) for form in forms], wrong, (right,))


PLAN: tuple[tuple[Callable[..., _Draft] | None, str], ...] = (
    (_which, "xo"), (_which, "xoo"), (_which, "xooo"), (_same, "xx"), (_same, "xo"), (_who, "xo"), (_who, "xoo"),
    (None, "xo"), (None, "xooo"), (_count, "xooo xxoo xxxo"),
)  # fmt: skip
"""What is asked (None: a fact), and alternative patterns of pictures of the person (x) and of others (o)."""


def _question(
    person: Person, population: Population, number: int, kind: Callable[..., _Draft] | None, patterns: str
) -> Question:
    profile = person.profile
    key = f"{SEVERAL}/{number + 1}"
    rng = stream(profile.seed, "question", key)
    pattern = rng.choice(patterns.split())
    shows = [letter == "x" for letter in rng.sample(pattern, len(pattern))]
    others = _others(rng, person, population)
    # Every picture is in one row only: its number holds the person's turn, the question and the position.
    ids, start = iter(others), 100 * profile.turn + 10 * number
    shots = [
        Shot(profile.id if is_subject else next(ids).profile.id, SEVERAL, start + position)
        for position, is_subject in enumerate(shows)
    ]
    if kind is None:
        return _fact(person, population, key, number, ORDINALS[shows.index(True)], shots)
    draft = kind(rng, profile.name, [other.profile.name for other in others], shows)
    answer, *paraphrases = map(capitalize, draft.answers)
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute="name",
        question=draft.text,
        answer=answer,
        value=profile.name,
        keywords=draft.keywords,
        paraphrases=tuple(paraphrases),
        perturbed=tuple(map(capitalize, rng.sample(draft.wrong, WRONG_ANSWERS))),
        view=shots[0],
        more_views=tuple(shots[1:]),
        hops=2,
    )


def _fact(
    person: Person, population: Population, key: str, number: int, ordinal: str, shots: Sequence[Shot]
) -> Question:
    """Return the question about a fact of the person in one of the pictures: two hops."""
    seed = person.profile.seed
    attribute = rotation(seed, "several turns", number, FACTS)
    rng, slots = stream(seed, "fact", key), subject(person, attribute)
    # "The person in the second image's height" reads badly, so no possessive.
    templates = population.book.wordings[attribute]
    choices = phrasings(stream(seed, "forms", key), templates, "test")
    question, answer = next(phrasing for phrasing in choices if "{ns}" not in phrasing[0])
    heads = [sentence.format(ordinal=ordinal, n=person.profile.name) for sentence in _PERSON_IN_IMAGE]
    answers = with_heads(rng, templates, answer, heads)
    wrong = wrong_values(rng, person, attribute, WRONG_ANSWERS, population)
    text = question.format(**slots | {"n": f"the person in the {ordinal} image"})
    beginning = cloze_prompt(templates, slots | {"n": "the person", "ns": "this person's"})
    prompt = f"In the {ordinal} image, {beginning[0].lower()}{beginning[1:]}"
    value = person.profile.fields[attribute]
    return make_question(key, attribute, text, answers, slots, value, wrong, shots, 2, prompt)


def _others(rng: random.Random, person: Person, population: Population) -> list[Person]:
    """Return everybody else, people of the same sex first: sex alone must not give the answer away."""
    gender = person.profile.details["gender"]
    people = [other for other in population.cast.values() if other.profile.id != person.profile.id]
    rng.shuffle(people)
    return sorted(people, key=lambda other: other.profile.details["gender"] != gender)
