"""The questions of `remem`: by name (one hop) and from a picture (two hops), up to 200 per person.

A person's questions by name and from pictures are two endless sequences of which a build takes the first ones, so that
a smaller build is part of a larger one. Every question has its own picture. Facts rotate, and each is asked in another
wording every time.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.people.countries import COUNTRIES, address
from lethebench.generation.people.names import full_name
from lethebench.generation.questions.distractors import Pools
from lethebench.generation.questions.distractors import wrong_values as wrong_facts
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
from lethebench.generation.questions.records import Question
from lethebench.generation.questions.wordings import Book, Wording
from lethebench.generation.remem.people import ATTRIBUTES, COUNTRY_BY_CODE, RELATIONS, Cast, Person
from lethebench.generation.remem.wordings import BOOK, in_image
from lethebench.generation.seeding import rotation, stream

SINGLE, MULTI = "single", "multi"
HOPS = {SINGLE: 1, MULTI: 2}
HELD_OUT = {SINGLE: 20, MULTI: 8}
"""Questions per person in `test`."""
_MAX_DRAWS = 96
_ENDINGS = ("{v}.", "{v} per year.", "{v} most of all.")


@dataclass(frozen=True)
class Shot:
    """A picture to take.

    Attributes:
        profile_id: whom it shows.
        part: what it is for: `single`, `multi`, `test-single` ...; only `single` and `multi` are trained on.
        number: index among the person's pictures of the part.
    """

    profile_id: str
    part: str
    number: int


@dataclass(frozen=True)
class Population:
    """The values and the people of a build, from which wrong answers are taken, and what questions are phrased with."""

    pools: Pools
    cast: Cast
    book: Book = BOOK


def singles(questions: int, share: float) -> int:
    """Return how many of a number of questions are by name: the nearest whole number, a half upwards.

    With one question more, one kind has one more and the other as many as before.
    """
    return int(questions * share + 0.5 + 1e-9)


def order(questions: int, share: float) -> list[tuple[str, int]]:
    """Return the (kind, number) of a person's training questions; those of a smaller build come first."""
    ranks = []
    for rank in range(questions):
        by_name = singles(rank, share)
        ranks.append((SINGLE, by_name) if singles(rank + 1, share) > by_name else (MULTI, rank - by_name))
    return ranks


def train_questions(person: Person, population: Population, *, qa: int, views: int, share: float) -> list[Question]:
    """Return a person's training questions.

    Args:
        person: the subject.
        population: source of wrong answers.
        qa: number of questions.
        views: number of pictures, which rotate over the questions of their kind; at most `qa`.
        share: of questions by name, in [0, 1].
    """
    ranks = order(qa, share)
    questions = {kind: _questions(person, population, kind, "train") for kind in HOPS}
    shots = [Shot(person.profile.id, kind, number) for kind, number in ranks[:views]]
    by_kind = {kind: [shot for shot in shots if shot.part == kind] or shots[:1] for kind in HOPS}
    return [next(questions[kind])(by_kind[kind][number % len(by_kind[kind])]) for kind, number in ranks]


def test_questions(person: Person, population: Population) -> list[Question]:
    """Return a person's questions in `test`: held-out wordings, each on its own picture, whatever the options."""
    return [
        with_shot(Shot(person.profile.id, f"test-{kind}", number))
        for kind, size in HELD_OUT.items()
        for number, with_shot in enumerate(islice(_questions(person, population, kind, "test"), size))
    ]


def _questions(person: Person, population: Population, kind: str, use: str) -> Iterator[Callable[[Shot], Question]]:
    """Yield questions without end, each as a function of its picture."""
    for number in count():
        attribute = rotation(person.profile.seed, f"{use} {kind} turns", number, ATTRIBUTES)
        yield _question(person, population, kind, use, attribute, number // len(ATTRIBUTES))


def _question(
    person: Person, population: Population, kind: str, use: str, attribute: str, turn: int
) -> Callable[[Shot], Question]:
    profile, templates = person.profile, population.book.wordings[attribute]
    key = f"{'test/' if use == 'test' else ''}{kind}/{attribute}/{turn + 1}"
    rng = stream(profile.seed, "question", key)
    value, slots = profile.fields[attribute], subject(person, attribute)
    question, answer = phrasings(stream(profile.seed, "forms", use, kind, attribute), templates, use)[turn]
    wrong = wrong_values(rng, person, attribute, WRONG_ANSWERS, population)
    asked = slots if kind == SINGLE else slots | in_image(population.book.phrases)
    if kind == SINGLE:
        text, answers = question.format(**slots), [answer, *other_sentences(rng, templates, answer)]
    else:
        text = question.format(**asked)
        answers = with_heads(
            rng, templates, answer, [bridge.format(**slots) for bridge in population.book.phrases["bridges"]]
        )

    def with_shot(shot: Shot) -> Question:
        prompt = cloze_prompt(templates, asked)
        referred = slots if kind == SINGLE else by_first_name(slots)
        return make_question(key, attribute, text, answers, referred, value, wrong, [shot], HOPS[kind], prompt)

    return with_shot


def make_question(
    key: str,
    attribute: str,
    text: str,
    answers: Sequence[str],
    slots: Mapping[str, str],
    value: str,
    wrong: Sequence[str],
    shots: Sequence[Shot],
    hops: int,
    prompt: str,
) -> Question:
    """Return a question that is answered freely.

    Args:
        key: tail of the row's id.
        attribute: what is asked for.
        text: of the question.
        answers: templates of the answer and of its paraphrases, which the wrong answers use in turn.
        slots: the subject, as answers refer to it.
        value: the true value.
        wrong: other values.
        shots: the pictures.
        hops: steps from the question to the answer.
        prompt: see `cloze_prompt`.
    """
    answer, *sentences = answers
    paraphrases, perturbed = restate(answer, sentences, value, wrong, slots)
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute=attribute,
        question=capitalize(text),
        answer=say(answer, value, slots),
        value=value,
        keywords=keywords(attribute, value),
        view=shots[0],
        more_views=tuple(shots[1:]),
        hops=hops,
        paraphrases=paraphrases,
        perturbed=perturbed,
        cloze_prompt=prompt,
    )


def cloze_prompt(templates: Wording, slots: Mapping[str, str]) -> str:
    """Return the beginning of the first sentence that ends with the value, up to it: `Ana Reis lives at`."""
    sentence = next(text for text in templates.sentences if text.endswith(_ENDINGS))
    return capitalize(sentence.partition("{v}")[0].format(**slots).rstrip())


def subject(person: Person, attribute: str) -> dict[str, str]:
    """Return the slots that refer to a person by name in templates of an attribute."""
    kin = person.kin[attribute].noun if attribute in RELATIONS else ""
    return named(person.profile.name) | {"pet": person.profile.details["pet"], "kin": kin}


def by_first_name(slots: Mapping[str, str]) -> dict[str, str]:
    """Return the slots of a subject whose full name came in the sentence before."""
    return {**slots, **named(slots["n"].split(" ")[0])}


def phrasings(rng: random.Random, templates: Wording, use: str) -> list[tuple[str, str]]:
    """Return every (question, answer) template of a field, alternating direct questions and requests."""
    direct = [(question, "{v}") for question in templates.direct(use)]
    requests = list(carried(templates, use))
    rng.shuffle(direct)
    rng.shuffle(requests)
    first, second = (direct, requests) if rng.random() < 0.5 else (requests, direct)
    pairs = min(len(first), len(second))
    alternating = [phrasing for pair in zip(first, second, strict=False) for phrasing in pair]
    return alternating + first[pairs:] + second[pairs:]


def with_heads(rng: random.Random, templates: Wording, answer: str, heads: Sequence[str]) -> list[str]:
    """Return templates of the answer and of its paraphrases, each after the sentences that lead to it.

    Args:
        rng: draws the paraphrases, and the order of the heads.
        templates: of the field.
        answer: template of the answer; `{v}` becomes a sentence.
        heads: what comes first in the answer and in its paraphrases, each once.
    """
    sentence = rng.choice(templates.sentences) if answer == "{v}" else answer
    sentences = [sentence, *other_sentences(rng, templates, sentence)]
    return [f"{head} {text}" for head, text in zip(rng.sample(heads, len(sentences)), sentences, strict=True)]


def wrong_values(rng: random.Random, person: Person, attribute: str, size: int, population: Population) -> list[str]:
    """Return distinct wrong values of the same kind: addresses of the country, names of the same sex ..."""
    profile = person.profile
    if attribute not in RELATIONS and (attribute != "home_address" or profile.written is not None):
        return wrong_facts(rng, profile, attribute, size, population.pools)
    values: dict[str, None] = {}
    for value in _same_kind(rng, person, attribute, population):
        if value not in (profile.fields[attribute], profile.name):
            values[value] = None
        if len(values) == size:
            break
    return list(values)


def _same_kind(rng: random.Random, person: Person, attribute: str, population: Population) -> Iterator[str]:
    if attribute == "home_address":
        yield from (address(rng, COUNTRY_BY_CODE[person.profile.details["home"]]) for _ in range(_MAX_DRAWS))
        return
    cast = population.cast
    gender = cast[person.kin[attribute].profile_id].profile.details["gender"]
    names = [other.profile.name for other in cast.values() if other.profile.details["gender"] == gender]
    yield from rng.sample(names, len(names))
    yield from (full_name(rng, rng.choice(COUNTRIES), gender) for _ in range(_MAX_DRAWS))


def decoys(attribute: str, size: int, *, seed: int) -> list[str]:
    """Return at most `size` distinct values of an attribute, drawn like those of people."""
    if attribute != "home_address":
        return mllmu.decoys("name" if attribute in RELATIONS else attribute, size, seed=seed)
    rng = stream(seed, "decoys", attribute)
    return list(dict.fromkeys(address(rng, rng.choice(COUNTRIES)) for _ in range(2 * size)))[:size]
