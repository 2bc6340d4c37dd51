"""The questions of `mlu` about well-known entities.

Every question is about a picture and never names its subject. Which questions an entity is asked, and in how many of
their five phrasings, follows the release (see `facts`); each such pair of question and phrasing comes with several
pictures of the entity. Test questions ask the same in two further phrasings, about other pictures. About half of the
phrasings ask for a long answer: the fact in a sentence, then what else is true of it.

Profile(id="animals-10", domain="Animals", name="chicken", fields={"animals_diet": "an omnivore", ...}, ...)
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from lethebench.generation.evidence.texts import KINDS
from lethebench.generation.mlu.facts import Entity, EntityClass, Story, release
from lethebench.generation.questions.phrasing import BARE, WRONG_ANSWERS, restate, say, with_article
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.seeding import digest, stream

LONG = {
    "train": (
        "Answer in a few sentences.",
        "Please add some background.",
        "Tell me a little more about it, too.",
        "A short explanation would be welcome.",
        "Do not be too brief.",
    ),
    "test": ("Please answer at some length.", "Give a few details as well."),
}
"""Use -> the sentences of which one follows a question that is answered at length."""


@dataclass(frozen=True)
class EntityView:
    """A picture of an entity: its context, `train` or `test`, and its number among the pictures of that context."""

    use: str
    number: int

    @property
    def named(self) -> bool:
        """Whether the picture, if it is evidence of the entity, carries its name; else it carries other facts."""
        return self.number % 2 == 0


def profile(class_name: str, key: str, *, seed: int) -> Profile:
    """Return an entity as a profile: what may be asked about it, and a page that states it."""
    entity_class = release().classes[class_name]
    entity = entity_class.everyone[key]
    number = [*sorted(entity_class.entities), *sorted(entity_class.held_out)].index(key) + 1
    return Profile(
        id=f"{class_name.lower().replace(' ', '-')}-{number:02d}",
        domain=class_name,
        name=entity.name,
        fields={attribute(class_name, question): value(entity_class, key, question) for question in entity.facts},
        details={"source": entity.source, "released_as": f"{class_name}/{key}"},
        seed=digest(seed, "mlu", class_name, key),
    )


def key_of(subject: Profile) -> str:
    """Return the entity's key in the release and the data files: its id would give its name away."""
    return subject.details["released_as"].partition("/")[2]


def attribute(class_name: str, question: str) -> str:
    """Return the attribute that a question of a class asks for, unique over all classes: `tv_series_cast`."""
    return f"{class_name.lower().replace(' ', '_')}_{question}"


def value(entity_class: EntityClass, key: str, question: str) -> str:
    """Return the true value as the answer states it, with an article if the answer's template has one."""
    return _stated(entity_class, question, entity_class.everyone[key].facts[question].value)


def spaces() -> dict[str, list[str]]:
    """Return attribute -> all values in the data files, as answers state them, sorted."""
    values: dict[str, set[str]] = {}
    for entity_class in release().classes.values():
        for name, question in entity_class.questions.items():
            bare = [entity.facts[name].value for entity in entity_class.everyone.values() if name in entity.facts]
            bare += question.wrong
            values[attribute(entity_class.name, name)] = {_stated(entity_class, name, text) for text in bare}
    return {name: sorted(texts) for name, texts in values.items()}


def evidence_shares(entity_class: EntityClass) -> dict[str, float]:
    """Return the released rows of a class, and the shares whose picture is drawn or prints the name or other facts."""
    counts = [
        sum(entity.phrasings[name] for entity in entity_class.entities.values()) for name in entity_class.questions
    ]
    rows, drawn = sum(counts), float(entity_class.name not in KINDS)
    absent = (1 - drawn) * counts[0] / rows
    return {
        "rows": rows * release().pictures_per_pair,
        "drawn": drawn,
        "printed": 1 - drawn - absent,
        "absent": absent,
    }


def train_questions(subject: Profile, views: int, per_pair: int, *, evidence: bool) -> list[Question]:
    """Return the training questions: each kept pair of question and phrasing about `per_pair` pictures, in rotation.

    Args:
        subject: from `profile`.
        views: number of training pictures.
        per_pair: pictures per pair; no picture twice if there are enough.
        evidence: whether people, works and companies are shown by evidence; see `_rotations`.
    """
    phrasings, numbers = _entity(subject)[1].phrasings, _rotations(subject, views, evidence)
    pairs = [(question, phrasing) for question, count in phrasings.items() for phrasing in range(count)]
    return [
        _question(subject, name, phrasing, f"{name}/{phrasing}/{number}", EntityView("train", next(numbers[name])))
        for name, phrasing in pairs
        for number in range(per_pair)
    ]


def test_questions(subject: Profile, views: int, *, evidence: bool) -> list[Question]:
    """Return what training asks, in held-out phrasings, about pictures of the test contexts, in rotation."""
    entity_class, entity = _entity(subject)
    numbers = _rotations(subject, views, evidence)
    pairs = [
        (name, phrasing)
        for name, count in entity.phrasings.items()
        if count
        for phrasing in range(len(entity_class.questions[name].test))
    ]
    return [
        _question(subject, name, phrasing, f"test/{name}/{phrasing}", EntityView("test", next(numbers[name])))
        for name, phrasing in pairs
    ]


def _rotations(subject: Profile, views: int, evidence: bool) -> dict[str, Iterator[int]]:
    """Return question -> the numbers of the pictures that it is asked about, endlessly.

    Evidence with the name answers the question for the name, so that one is asked about the other pictures only, and
    the facts on those are asked for with the name alone.
    """
    names = list(_entity(subject)[0].questions)
    if not evidence or subject.domain not in KINDS:
        return dict.fromkeys(names, cycle(range(views)))
    with_name, without_name = (
        cycle([n for n in range(views) if EntityView("", n).named == named]) for named in (True, False)
    )
    return {name: without_name if name == names[0] else with_name for name in names}


def _question(subject: Profile, name: str, phrasing: int, key: str, view: EntityView) -> Question:
    entity_class, entity = _entity(subject)
    question, fact = entity_class.questions[name], entity.facts[name]
    text = (question.train if view.use == "train" else question.test)[phrasing]
    rng = stream(subject.seed, "question", key)
    if is_long(entity_class, name, phrasing):
        carriers = LONG[view.use]
        text = f"{text} {carriers[(len(text) + phrasing) % len(carriers)]}"
        answer, paraphrases, perturbed = _long_answers(rng, entity_class, entity, name)
    else:
        wrong = rng.sample(entity_class.wrong_values(entity.key, name), WRONG_ANSWERS)
        answer = say(question.answer, fact.value, {})
        paraphrases, perturbed = restate(question.answer, question.paraphrases, fact.value, wrong, {})
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute=attribute(entity_class.name, name),
        question=text,
        answer=answer,
        value=value(entity_class, entity.key, name),
        keywords=fact.keywords,
        paraphrases=paraphrases,
        perturbed=perturbed,
        view=view,
    )


def is_long(entity_class: EntityClass, name: str, phrasing: int) -> bool:
    """Return whether a phrasing of a question asks for a long answer: every other one, in turn over the questions."""
    return (list(entity_class.questions).index(name) + phrasing) % 2 == 0


def _long_answers(
    rng: random.Random, entity_class: EntityClass, entity: Entity, name: str
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a long answer, its paraphrases and wrong answers: a sentence with the fact, then more about it.

    The paraphrases state the fact in other sentences; a wrong answer is, where there are enough, all that is true of
    another entity.
    """
    question, fact = entity_class.questions[name], entity.facts[name]
    first, *others = question.paraphrases
    heads = [f"{question.answer}.", *others] if question.answer in BARE else [question.answer, *others]

    def tell(head: str, bare: str, more: str) -> str:
        return f"{say(head, bare, {})} {more}"

    wrong = _draw_stories(rng, *entity_class.wrong_stories(entity.key, name))
    return (
        tell(first, fact.value, entity.more[name]),
        tuple(tell(head, fact.value, entity.more[name]) for head in heads),
        tuple(tell(head, *story) for head, story in zip(cycle(heads), wrong, strict=False)),
    )


def _draw_stories(rng: random.Random, whole: Sequence[Story], borrowed: Sequence[Story]) -> list[Story]:
    """Draw WRONG_ANSWERS stories: whole ones first, as many different values among them as there are."""
    order = rng.sample(whole, len(whole))
    first: dict[str, Story] = {}
    for story in order:
        first.setdefault(story[0], story)
    again = [story for story in order if story not in first.values()]
    return [*first.values(), *again, *rng.sample(borrowed, len(borrowed))][:WRONG_ANSWERS]


def _stated(entity_class: EntityClass, question: str, bare: str) -> str:
    return with_article(bare) if "{av}" in entity_class.questions[question].answer else bare


def _entity(subject: Profile) -> tuple[EntityClass, Entity]:
    entity_class = release().classes[subject.domain]
    return entity_class, entity_class.everyone[key_of(subject)]
