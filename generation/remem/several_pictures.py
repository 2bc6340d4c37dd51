"""Questions of `remem` over two to four pictures: which of these is somebody, are these the same person, who is where?

In some of the pictures is the person whom the row is about, in the others somebody else who was learnt too.
"""

import random
from collections.abc import Callable, Sequence
from itertools import product

from lethebench.generation.questions.ask import capitalised
from lethebench.generation.questions.records import Question
from lethebench.generation.remem.people import FACTS, Person
from lethebench.generation.remem.questions import WRONG, Known, Shot, bridged, forms, question, subject, wrong_values
from lethebench.generation.remem.wordings import NUMBERS, ORDINALS, WORDINGS
from lethebench.generation.seeding import rotation, stream

PART = "several"
_Texts = tuple[str, Sequence[str], Sequence[str], tuple[str, ...]]
"""A question, the answer and its paraphrases, wrong answers, keywords."""


def several_questions(person: Person, known: Known) -> list[Question]:
    """The ten questions about a person over several pictures."""
    return [_asked(person, known, number, kind, pattern) for number, (kind, pattern) in enumerate(PLAN)]


def _which(rng: random.Random, name: str, others: list[str], places: list[bool]) -> _Texts:
    count, right = len(places), places.index(True)
    asked = rng.choice(
        (
            f"Which of these {NUMBERS[count]} images shows {name}?",
            f"In which of the {NUMBERS[count]} images is {name}?",
            f"{name} is in one of these {NUMBERS[count]} images. Which one is it?",
        )
    )
    forms = (
        f"The {{}} image shows {name}.",
        f"{name} is in the {{}} image.",
        f"It is the {{}} image that shows {name}.",
        f"The image that shows {name} is the {{}} one.",
    )
    wrong = [form.format(word) for word, form in product(_without(ORDINALS[:count], right), forms[1:])]
    wrong += [f"None of the images shows {name}.", f"Each of the images shows {name}.", f"No image is of {name}."]
    return asked, [form.format(ORDINALS[right]) for form in forms], wrong, (ORDINALS[right],)


def _same(rng: random.Random, name: str, others: list[str], places: list[bool]) -> _Texts:
    asked = rng.choice(
        (
            "Do these two images show the same person?",
            "Is the same person in both images?",
            "Is it one and the same person in both images?",
        )
    )
    alike = ("Yes, both images show {}.", "Yes, {} is in both images.", "Yes, it is {} in both images.",
             "Yes, the person in both images is {}.")  # fmt: skip
    apart = (
        "No, the first image shows {} and the second image shows {}.",
        "No, {} is in the first image and {} in the second.",
        "No, the first image is of {}, the second of {}.",
        "No, it is {} in the first image and {} in the second.",
    )
    if all(places):
        wrong = [
            form.format(*pair) for form in apart[1:] for other in others[:2] for pair in ((name, other), (other, name))
        ]
        return asked, [form.format(name) for form in alike], wrong, ("Yes", name)
    pair = [name if here else others[0] for here in places]
    wrong = [form.format(who) for form in alike[1:] for who in pair]
    return asked, [form.format(*pair) for form in apart], wrong, ("No", *pair)


def _who(rng: random.Random, name: str, others: list[str], places: list[bool]) -> _Texts:
    where = ORDINALS[places.index(True)]
    asked = rng.choice((f"Who is the person in the {where} image?", f"Who does the {where} image show?"))
    forms = (
        f"The person in the {where} image is {{}}.",
        f"The {where} image shows {{}}.",
        f"It is {{}} who is in the {where} image.",
        f"{{}} is the person in the {where} image.",
    )
    wrong = [form.format(other) for other, form in product(others[:WRONG], forms[1:])]
    return asked, [form.format(name) for form in forms], wrong, (name,)


def _count(rng: random.Random, name: str, others: list[str], places: list[bool]) -> _Texts:
    total, right = NUMBERS[len(places)], NUMBERS[sum(places)]
    asked = rng.choice(
        (f"How many of these {total} images show {name}?", f"In how many of these {total} images is {name}?")
    )
    forms = (
        f"{name} is in {{}} of the {total} images.",
        f"It is {name} in {{}} of the {total} images.",
        f"Of the {total} images, {{}} show {name}.",
        f"There are {total} images, and {name} is in {{}} of them.",
    )

    def say(form: str, word: str) -> str:
        return form.format(word).replace("one show ", "one shows ")

    wrong = [say(form, word) for form in forms[1:] for word in NUMBERS[: len(places) + 1] if word != right]
    return asked, [say(form, right) for form in forms], wrong, (right,)


PLAN: tuple[tuple[Callable | None, str], ...] = (
    (_which, "xo"), (_which, "xoo"), (_which, "xooo"), (_same, "xx"), (_same, "xo"), (_who, "xo"), (_who, "xoo"),
    (None, "xo"), (None, "xooo"), (_count, "xooo xxoo xxxo"),
)  # fmt: skip
"""What is asked, and how many pictures are of the person (x) and of others (o), one of several patterns by seed; None
asks for a fact."""


def _asked(person: Person, known: Known, number: int, kind: Callable | None, pattern: str) -> Question:
    profile = person.profile
    key = f"several/{number + 1}"
    rng = stream(profile.seed, "question", key)
    pattern = rng.choice(pattern.split())
    places = [letter == "x" for letter in rng.sample(pattern, len(pattern))]
    strangers = _others(rng, person, known)
    shots = _shots(profile.turn, number, profile.id, [one.profile.id for one in strangers], places)
    if kind is None:
        return _fact(person, known, key, number, ORDINALS[places.index(True)], shots)
    names = [one.profile.name for one in strangers]
    asked, said, wrong, keywords = kind(rng, profile.name, names, places)
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute="name",
        question=asked,
        answer=capitalised(said[0]),
        value=profile.name,
        keywords=keywords,
        paraphrases=tuple(map(capitalised, said[1:])),
        perturbed=tuple(map(capitalised, rng.sample(wrong, WRONG))),
        view=shots[0],
        more_views=tuple(shots[1:]),
        hops=2,
    )


def _fact(person: Person, known: Known, key: str, number: int, where: str, shots: Sequence[Shot]) -> Question:
    """A fact about the person in one of the pictures: picture, person, fact."""
    seed = person.profile.seed
    attribute = rotation(seed, "several turns", number, FACTS)
    rng, name = stream(seed, "fact", key), subject(person, attribute)
    # "The person in the second image's height" reads badly, so no possessive.
    ways = forms(stream(seed, "forms", key), WORDINGS[attribute], "test")
    asked, form = next(way for way in ways if "{ns}" not in way[0])
    who = f"the person in the {where} image"
    heads = (
        f"The person in the {where} image is {{n}}.",
        f"The {where} image shows {{n}}.",
        f"It is {{n}} who is in the {where} image.",
        f"{{n}} is the person in the {where} image.",
    )
    texts = bridged(rng, WORDINGS[attribute], form, heads)
    wrong = wrong_values(rng, person, attribute, WRONG, known)
    shown = name | {"n": who}
    value = person.profile.fields[attribute]
    return question(
        key, attribute, asked, shown, texts, name, value, wrong, view=shots[0], more_views=tuple(shots[1:]), hops=2
    )


def _others(rng: random.Random, person: Person, known: Known) -> list[Person]:
    """Everybody else, those of the same sex first: sex alone must not tell who is meant."""
    gender = person.profile.details["gender"]
    people = [other for other in known.cast.values() if other.profile.id != person.profile.id]
    rng.shuffle(people)
    return sorted(people, key=lambda other: other.profile.details["gender"] != gender)


def _shots(turn: int, number: int, own: str, strangers: Sequence[str], places: Sequence[bool]) -> list[Shot]:
    """New pictures, none of which stands in another row: the numbers hold whose row it is and which."""
    rest = iter(strangers)
    start = 100 * turn + 10 * number
    return [Shot(own if here else next(rest), PART, start + place) for place, here in enumerate(places)]


def _without(words: Sequence[str], place: int) -> list[str]:
    return [word for at, word in enumerate(words) if at != place]
