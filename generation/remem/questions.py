"""Questions of the `remem` benchmark: by name (one hop) and from a picture (two), as many as anybody wants up to 200.

A person's questions by name and from pictures are two rows without end of which a build takes the first ones, so that a
smaller build is part of a larger one. Every question has a picture of its own. Facts take turns, and each is asked in
another wording every time.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from lethebench.generation.mllmu import questions as mllmu
from lethebench.generation.people.countries import COUNTRIES
from lethebench.generation.people.names import full_name
from lethebench.generation.people.person import address
from lethebench.generation.questions import ask as asking
from lethebench.generation.questions.ask import capitalised, carried, say
from lethebench.generation.questions.distractors import Pools
from lethebench.generation.questions.distractors import wrong_values as wrong_facts
from lethebench.generation.questions.records import Question
from lethebench.generation.questions.wordings import Wording
from lethebench.generation.remem.people import ATTRIBUTES, RELATIONS, Cast, Person
from lethebench.generation.remem.wordings import BRIDGES, SHOWN, WORDINGS, named
from lethebench.generation.seeding import rotation, stream

SINGLE, MULTI = "single", "multi"
HOPS = {SINGLE: 1, MULTI: 2}
HELD_OUT = {SINGLE: 20, MULTI: 8}
"""Questions per person in `test`."""
PARAPHRASES, WRONG = 3, 5
_TRIES = 96


@dataclass(frozen=True)
class Shot:
    """A picture to be taken.

    Attributes:
        profile_id: whom it shows.
        part: what it is for: `single`, `multi`, `test-single` ...; training has pictures of `single` and `multi` alone.
        number: which of that part's pictures of the person.
    """

    profile_id: str
    part: str
    number: int


@dataclass(frozen=True)
class Known:
    """What wrong answers are taken from: the values of a build, and its people."""

    pools: Pools
    cast: Cast


def singles(questions: int, share: float) -> int:
    """How many of so many questions are by name: the nearest whole number, a half upwards.

    One question more is one more of one kind and none fewer of the other.
    """
    return int(questions * share + 0.5 + 1e-9)


def order(questions: int, share: float) -> list[tuple[str, int]]:
    """The (kind, number) of a person's training questions: those of a smaller build come first in a larger one."""
    ranks = []
    for rank in range(questions):
        by_name = singles(rank, share)
        ranks.append((SINGLE, by_name) if singles(rank + 1, share) > by_name else (MULTI, rank - by_name))
    return ranks


def train_questions(person: Person, known: Known, *, qa: int, views: int, share: float) -> list[Question]:
    """A person's training questions.

    Args:
        person: the subject.
        known: what wrong answers are taken from.
        qa: how many questions.
        views: over how many pictures they go in turn, at most `qa`; as many as questions give each its own.
        share: of questions by name, 0 to 1.
    """
    ranks = order(qa, share)
    asked = {kind: islice(_asked(person, known, kind, "train"), qa) for kind in HOPS}
    shots = [Shot(person.profile.id, kind, number) for kind, number in ranks[:views]]
    return [next(asked[kind])(shots[rank % views]) for rank, (kind, _) in enumerate(ranks)]


def test_questions(person: Person, known: Known) -> list[Question]:
    """A person's questions in `test`: other wordings, each on a picture of its own; the same whatever the options."""
    return [
        put(Shot(person.profile.id, f"test-{kind}", number))
        for kind, count in HELD_OUT.items()
        for number, put in enumerate(islice(_asked(person, known, kind, "test"), count))
    ]


def _asked(person: Person, known: Known, kind: str, use: str) -> Iterator:
    """One question after another, each a function of the picture that goes with it."""
    profile, number = person.profile, 0
    while True:
        attribute = rotation(profile.seed, f"{use} {kind} turns", number, ATTRIBUTES)
        time = number // len(ATTRIBUTES)
        yield _question(person, known, kind, use, attribute, time)
        number += 1


def _question(person: Person, known: Known, kind: str, use: str, attribute: str, time: int):
    profile = person.profile
    key = f"{'test/' if use == 'test' else ''}{kind}/{attribute}/{time + 1}"
    rng = stream(profile.seed, "question", key)
    value, name = profile.fields[attribute], subject(person, attribute)
    shown = name if kind == SINGLE else name | SHOWN
    asked, form = forms(stream(profile.seed, "forms", use, kind, attribute), WORDINGS[attribute], use)[time]
    wrong = wrong_values(rng, person, attribute, WRONG, known)
    if kind == SINGLE:
        texts = [form, *others(rng, WORDINGS[attribute], form)]
    else:
        texts = bridged(rng, WORDINGS[attribute], form, [bridge.format(**name) for bridge in BRIDGES])

    def put(shot: Shot) -> Question:
        return question(key, attribute, asked, shown, texts, name, value, wrong, view=shot, hops=HOPS[kind])

    return put


def question(
    key: str,
    attribute: str,
    asked: str,
    shown: Mapping[str, str],
    texts: Sequence[str],
    name: Mapping[str, str],
    value: str,
    wrong: Sequence[str],
    **rest,
) -> Question:
    """A question to be answered freely.

    Args:
        key: tail of the row's id.
        attribute: what is asked for.
        asked: template of the question.
        shown: the subject as the question puts it.
        texts: templates of the answer and of its paraphrases, whose forms the wrong answers take in turn.
        name: the subject as answers put it.
        value: the true value.
        wrong: other values.
        rest: further fields.
    """
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute=attribute,
        question=capitalised(asked.format(**shown)),
        answer=say(texts[0], value, name),
        value=value,
        keywords=keywords(attribute, value),
        paraphrases=tuple(say(text, value, name) for text in texts[1:]),
        perturbed=tuple(say(text, other, name) for text, other in zip(cycle(texts[1:]), wrong, strict=False)),
        **rest,
    )


def subject(person: Person, attribute: str) -> dict[str, str]:
    """What stands for a person in templates of an attribute."""
    kin = person.kin[attribute].noun if attribute in RELATIONS else ""
    return named(person.profile.name) | {"pet": person.profile.details["pet"], "kin": kin}


def forms(rng: random.Random, templates: Wording, use: str) -> list[tuple[str, str]]:
    """Every way to ask for a field, as (question, answer): direct questions and requests in turns while both last."""
    direct = [(asked, "{v}") for asked in (templates.asked if use == "train" else templates.held_out)]
    requests = list(carried(templates, use))
    rng.shuffle(direct)
    rng.shuffle(requests)
    first, second = (direct, requests) if rng.random() < 0.5 else (requests, direct)
    pairs = min(len(first), len(second))
    return [form for pair in zip(first, second, strict=False) for form in pair] + first[pairs:] + second[pairs:]


def others(rng: random.Random, templates: Wording, form: str) -> list[str]:
    """Other sentences that say the same."""
    return rng.sample([sentence for _, sentence in templates.echoes if sentence != form], PARAPHRASES)


def bridged(rng: random.Random, templates: Wording, form: str, heads: Sequence[str]) -> list[str]:
    """Templates of the answer and its paraphrases with what they stand on said first.

    Args:
        heads: what comes first: in the answer, and in each of its paraphrases.
    """
    sentence = templates.echoes[0][1] if form == "{v}" else form
    said = [sentence, *others(rng, templates, sentence)]
    return [f"{head} {text}" for head, text in zip(heads, said, strict=True)]


def keywords(attribute: str, value: str) -> tuple[str, ...]:
    """The parts of a value that carry the fact."""
    return asking.keywords(attribute, value) if attribute == "home_address" else mllmu.keywords(attribute, value)


def wrong_values(rng: random.Random, person: Person, attribute: str, count: int, known: Known) -> list[str]:
    """Distinct wrong values of the same kind as the true one: addresses of the country, names of the same sex ..."""
    profile = person.profile
    if attribute not in RELATIONS and attribute != "home_address":
        return wrong_facts(rng, profile, attribute, count, known.pools)
    found: dict[str, None] = {}
    for value in _alike(rng, person, attribute, known):
        if value not in (profile.fields[attribute], profile.name):
            found[value] = None
        if len(found) == count:
            break
    return list(found)


def _alike(rng: random.Random, person: Person, attribute: str, known: Known) -> Iterator[str]:
    if attribute == "home_address":
        home = next(country for country in COUNTRIES if country.code == person.profile.details["home"])
        yield from (address(rng, home) for _ in range(_TRIES))
        return
    gender = known.cast[person.kin[attribute].profile_id].profile.details["gender"]
    alike = [other.profile.name for other in known.cast.values() if other.profile.details["gender"] == gender]
    yield from rng.sample(alike, len(alike))
    yield from (full_name(rng, rng.choice(COUNTRIES), gender) for _ in range(_TRIES))


def decoys(attribute: str, count: int, *, seed: int) -> list[str]:
    """Distinct values of an attribute, drawn as those of people are: at most `count`, or as many as there are."""
    if attribute in RELATIONS:
        attribute = "name"
    if attribute != "home_address":
        return mllmu.decoys(attribute, count, seed=seed)
    rng = stream(seed, "decoys", attribute)
    return list(dict.fromkeys(address(rng, rng.choice(COUNTRIES)) for _ in range(2 * count)))[:count]
