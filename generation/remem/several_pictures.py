"""The questions of `remem` over two to four pictures: which one shows somebody, same person or not, who is where.

Some of the pictures show the subject, the others somebody else whom the model was trained on.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from lethebench.generation.questions.phrasing import WRONG_ANSWERS, capitalize
from lethebench.generation.questions.records import Question
from lethebench.generation.remem.people import FACTS, Person
from lethebench.generation.remem.questions import (
    Population,
    Shot,
    by_first_name,
    cloze_prompt,
    make_question,
    phrasings,
    subject,
    with_heads,
    wrong_values,
)
from lethebench.generation.seeding import rotation, stream

SEVERAL = "several"
"""The `part` of pictures of these questions."""
Phrases = Mapping[str, Sequence[str]]


class _Draft(NamedTuple):
    text: str
    answers: Sequence[str]  # the answer and its paraphrases
    wrong: Sequence[str]
    keywords: tuple[str, ...]


def several_questions(person: Person, population: Population) -> list[Question]:
    """Return the ten questions about a person over several pictures."""
    return [_question(person, population, number, kind, pattern) for number, (kind, pattern) in enumerate(PLAN)]


def _which(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool], phrases: Phrases) -> _Draft:
    ordinals = phrases["ordinals"]
    total, right = phrases["numbers"][len(shows)], ordinals[shows.index(True)]
    text = rng.choice(phrases["which"]).format(total=total, n=name)
    forms = phrases["this one"]
    wrong = [
        form.format(ordinal=word, n=name) for word, form in product(ordinals[: len(shows)], forms[1:]) if word != right
    ]
    wrong += [form.format(n=name) for form in phrases["none or all"]]
    return _Draft(text, [form.format(ordinal=right, n=name) for form in forms], wrong, (right,))


def _same(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool], phrases: Phrases) -> _Draft:
    text, same, different = rng.choice(phrases["same?"]), phrases["same"], phrases["different"]
    yes, no = ((word,) if word else () for word in phrases["yes and no"])
    if all(shows):
        pairs = [pair for other in others[:2] for pair in ((name, other), (other, name))]
        wrong = [form.format(n=first, other=second) for form, (first, second) in product(different[1:], pairs)]
        return _Draft(text, [form.format(n=name) for form in same], wrong, (*yes, name))
    names = [name if is_subject else others[0] for is_subject in shows]
    wrong = [form.format(n=name) for form, name in product(same[1:], names)]
    answers = [form.format(n=names[0], other=names[1]) for form in different]
    return _Draft(text, answers, wrong, (*no, *names))


def _who(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool], phrases: Phrases) -> _Draft:
    ordinal, forms = phrases["ordinals"][shows.index(True)], phrases["in which image"]
    text = rng.choice(phrases["who?"]).format(ordinal=ordinal)
    pairs = product(others[:WRONG_ANSWERS], forms[1:])
    wrong = [form.format(ordinal=ordinal, n=other) for other, form in pairs]
    return _Draft(text, [form.format(ordinal=ordinal, n=name) for form in forms], wrong, (name,))


def _count(rng: random.Random, name: str, others: Sequence[str], shows: Sequence[bool], phrases: Phrases) -> _Draft:
    words = phrases["numbers"]
    total, right = words[len(shows)], words[sum(shows)]
    text = rng.choice(phrases["how many?"]).format(total=total, n=name)
    forms = phrases["so many"]

    def fill(form: str, word: str) -> str:
        return form.format(number=word, total=total, n=name).replace("one show ", "one shows ")

    wrong = [fill(form, word) for form, word in product(forms[1:], words[: len(shows) + 1]) if word != right]
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
    phrases = population.book.phrases
    if kind is None:
        return _fact(person, population, key, number, phrases["ordinals"][shows.index(True)], shots)
    draft = kind(rng, profile.name, [other.profile.name for other in others], shows, phrases)
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
    phrases = population.book.phrases
    heads = [form.format(ordinal=ordinal, n=person.profile.name) for form in phrases["in which image"]]
    answers = with_heads(rng, templates, answer, heads)
    wrong = wrong_values(rng, person, attribute, WRONG_ANSWERS, population)
    text = question.format(**slots | {"n": phrases["in one image"][0].format(ordinal=ordinal)})
    subject_alone = dict(zip(("n", "ns"), phrases["the person"], strict=True))
    beginning = cloze_prompt(templates, slots | subject_alone)
    start = f"{beginning[0].lower()}{beginning[1:]}"
    prompt = phrases["start in one image"][0].format(ordinal=ordinal, start=start)
    value = person.profile.fields[attribute]
    return make_question(key, attribute, text, answers, by_first_name(slots), value, wrong, shots, 2, prompt)


def _others(rng: random.Random, person: Person, population: Population) -> list[Person]:
    """Return everybody else, people of the same sex first: sex alone must not give the answer away."""
    gender = person.profile.details["gender"]
    people = [other for other in population.cast.values() if other.profile.id != person.profile.id]
    rng.shuffle(people)
    return sorted(people, key=lambda other: other.profile.details["gender"] != gender)
