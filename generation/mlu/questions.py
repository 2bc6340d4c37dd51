"""Well-known entities and what is asked about them: the questions of the `mlu` benchmark.

Every question is put about a picture and never names its subject. Which questions an entity is asked, and in how many
of their five phrasings, follows the release (`mlu_facts`); each such pair of question and phrasing comes with several
pictures of the entity. Test questions put what was asked in two further phrasings, about other pictures.

Profile(id="Animals/Live_Chicken", domain="Animals", name="chicken", fields={"animals_diet": "an omnivore", ...}, ...)
"""

from dataclasses import dataclass
from itertools import cycle

from lethebench.generation.mlu.facts import WRONG, EntityClass, release, say
from lethebench.generation.questions.ask import capitalised, with_article
from lethebench.generation.questions.records import Profile, Question
from lethebench.generation.seeding import digest, stream


@dataclass(frozen=True)
class Shown:
    """A view of an entity: the contexts that it belongs to, `train` or `test`, and its number among them."""

    use: str
    number: int


def profile(entity_class: str, key: str, *, seed: int) -> Profile:
    """An entity as a profile: what may be asked about it, and where that can be checked."""
    one = release().classes[entity_class]
    entity = one.entities[key]
    return Profile(
        id=f"{entity_class}/{key}",
        domain=entity_class,
        name=entity.name,
        fields={attribute(entity_class, question): value(one, key, question) for question in entity.facts},
        details={"source": entity.source},
        seed=digest(seed, "mlu", entity_class, key),
    )


def attribute(entity_class: str, question: str) -> str:
    """What a question of a class asks for, over all classes: `tv_series_cast`."""
    return f"{entity_class.lower().replace(' ', '_')}_{question}"


def value(one: EntityClass, key: str, question: str) -> str:
    """The true value as the answer says it: with its article where the answer's template gives it one."""
    return _stated(one, question, one.entities[key].facts[question].value)


def spaces() -> dict[str, list[str]]:
    """Attribute -> all values that the data files know for it, as answers say them, sorted."""
    return {
        attribute(one.name, name): sorted(
            {
                *(value(one, key, name) for key, entity in one.entities.items() if name in entity.facts),
                *(_stated(one, name, wrong) for wrong in question.wrong),
            }
        )
        for one in release().classes.values()
        for name, question in one.questions.items()
    }


def pairs(subject: Profile) -> list[tuple[str, int]]:
    """The kept (question, phrasing) pairs of an entity, phrasings counted from 0, the original."""
    kept = _entity(subject)[1].kept
    return [(question, phrasing) for question, count in kept.items() for phrasing in range(count)]


def train_questions(subject: Profile, views: int, per_pair: int) -> list[Question]:
    """The learnt questions: each kept pair about `per_pair` pictures, the pictures taking turns.

    Args:
        subject: of `profile`.
        views: how many pictures there are for training.
        per_pair: pictures per pair; each at most once where there are so many.
    """
    found = []
    for place, (question, phrasing) in enumerate(pairs(subject)):
        for number in range(per_pair):
            shown = Shown("train", (place * per_pair + number) % views)
            found.append(_question(subject, question, phrasing, f"{question}/{phrasing}/{number}", shown))
    return found


def test_questions(subject: Profile, views: int) -> list[Question]:
    """Whatever is learnt, in the two phrasings held out, about pictures of the other contexts, which take turns."""
    one, entity = _entity(subject)
    asked = [
        (name, phrasing)
        for name, count in entity.kept.items()
        if count
        for phrasing in range(len(one.questions[name].held_out))
    ]
    return [
        _question(subject, name, phrasing, f"test/{name}/{phrasing}", Shown("test", place % views))
        for place, (name, phrasing) in enumerate(asked)
    ]


def _question(subject: Profile, name: str, phrasing: int, key: str, shown: Shown) -> Question:
    one, entity = _entity(subject)
    question, fact = one.questions[name], entity.facts[name]
    rng = stream(subject.seed, "question", key)
    pool = one.wrong_values(entity.key, name)
    wrong, forms = rng.sample(pool, WRONG), question.paraphrases
    answer = say(question.answer, fact.value)
    return Question(
        key=key,
        modality="image_text",
        format="generation",
        attribute=attribute(one.name, name),
        question=(question.asked if shown.use == "train" else question.held_out)[phrasing],
        answer=answer if question.answer in ("{v}", "{av}") else capitalised(answer),
        value=value(one, entity.key, name),
        keywords=fact.keywords,
        paraphrases=tuple(capitalised(say(form, fact.value)) for form in forms),
        perturbed=tuple(capitalised(say(form, other)) for form, other in zip(cycle(forms), wrong, strict=False)),
        view=shown,
    )


def _stated(one: EntityClass, question: str, bare: str) -> str:
    return with_article(bare) if "{av}" in one.questions[question].answer else bare


def _entity(subject: Profile) -> tuple:
    """The class of a profile's entity, and the entity."""
    one = release().classes[subject.domain]
    return one, one.entities[subject.id.partition("/")[2]]
