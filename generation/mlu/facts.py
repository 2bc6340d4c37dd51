"""The 127 entities of mlu: facts, questions, tasks and kept pairs, read from `data/mlu/`, where they are corrected.

`data/mlu/release.yaml` says how the files are written.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import yaml

from lethebench.generation.questions.ask import with_article

RELEASE = "release.yaml"
_QUESTION = ("asked", "held_out", "answer", "paraphrases", "wrong")
ASKED, HELD_OUT, PARAPHRASES, WRONG = 5, 2, 2, 5  # per question: phrasings, test phrasings, answers; least wrong values


@dataclass(frozen=True)
class Fact:
    """What is true of an entity.

    Attributes:
        value: the short answer, in the form that the question's templates need.
        keywords: the parts of the value that carry the fact.
        also: values of other entities that must not count as wrong for this one.
    """

    value: str
    keywords: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassQuestion:
    """A question that is put about every entity of a class.

    Attributes:
        asked: five phrasings, the original first; none names the subject.
        held_out: two more, for the test split.
        answer: template of the answer; slots are those of `say`.
        paraphrases: two templates of other correct wordings.
        wrong: wrong values besides those of the class's other entities.
    """

    asked: tuple[str, ...]
    held_out: tuple[str, ...]
    answer: str
    paraphrases: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """A well-known thing or person.

    Attributes:
        key: the release's folder name, unique over all classes: `Live_Chicken`.
        source: the page that the facts can be checked on.
        facts: question -> fact. Every kept question has one.
        kept: question -> how many of its phrasings, counted from the original, the release kept (0 to 5).
    """

    key: str
    source: str
    facts: Mapping[str, Fact]
    kept: Mapping[str, int]

    @property
    def name(self) -> str:
        """The answer to the first question of the class, without an article: `Eiffel Tower`."""
        return next(iter(self.facts.values())).keywords[0]


@dataclass(frozen=True)
class EntityClass:
    """Entities of one kind by key, and the questions that all of them share."""

    name: str
    questions: Mapping[str, ClassQuestion]
    entities: Mapping[str, Entity]

    def wrong_values(self, entity: str, question: str) -> tuple[str, ...]:
        """Distinct values of the question's form that are false of an entity, in the order of the file."""
        fact = self.entities[entity].facts[question]
        others = [other.facts[question].value for other in self.entities.values() if question in other.facts]
        pool = dict.fromkeys([*others, *self.questions[question].wrong])
        return tuple(value for value in pool if value != fact.value and value not in fact.also)


@dataclass(frozen=True)
class Task:
    """One request of the lifelong sequence: keys of the entities to forget and of the released retain set."""

    name: str
    forget: tuple[str, ...]
    retain: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """All classes by name, the tasks in order, and the number of pictures that each kept pair comes with."""

    classes: Mapping[str, EntityClass]
    tasks: tuple[Task, ...]
    pictures_per_pair: int


def say(template: str, value: str) -> str:
    """A template with {v} set to the value and {av} to the value with "a" or "an"."""
    return template.format(v=value, av=with_article(value))


@cache
def release() -> Release:
    """Everything under `data/mlu/`.

    Raises:
        ValueError: a file is malformed; the message names file, entity or question, and field.
    """
    return read(resources.files("lethebench.generation").joinpath("data", "mlu"))


def read(folder: Traversable) -> Release:
    """The release from a folder of YAML files; see `release`."""
    plan = _mapping(_load(folder, RELEASE), RELEASE, "pictures_per_pair", "classes", "tasks")
    classes = {name: _class(folder, name, entry) for name, entry in plan["classes"].items()}
    tasks = tuple(_task(name, entry, classes) for name, entry in plan["tasks"].items())
    placed = Counter(key for task in tasks for key in (*task.forget, *task.retain))
    for key in (key for one in classes.values() for key in one.entities):
        if placed[key] != 1:
            raise ValueError(f"{RELEASE}: tasks: {key}: stands {placed[key]} times; expected each entity once")
    return Release(classes, tasks, plan["pictures_per_pair"])


def _load(folder: Traversable, name: str) -> object:
    try:
        return yaml.safe_load(folder.joinpath(name).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: not readable as YAML: {' '.join(str(error).split())}") from None


def _task(name: str, entry: object, classes: Mapping[str, EntityClass]) -> Task:
    entry = _mapping(entry, f"{RELEASE}: tasks: {name}", "forget", "retain")
    roles = {}
    for role in entry:
        for of, keys in entry[role].items():
            for key in keys:
                if of not in classes or key not in classes[of].entities:
                    raise ValueError(f"{RELEASE}: tasks: {name}: {role}: {key}: no such entity in {of}")
        roles[role] = tuple(key for keys in entry[role].values() for key in keys)
    return Task(name, **roles)


def _class(folder: Traversable, name: str, plan: object) -> EntityClass:
    plan = _mapping(plan, f"{RELEASE}: classes: {name}", "questions", "kept")
    file = f"{name.lower().replace(' ', '_')}.yaml"
    data = _mapping(_load(folder, file), file, "class", "questions", "entities")
    if data["class"] != name:
        raise ValueError(f"{file}: class: expected {name}, found {data['class']!r}")
    questions = {key: _question(f"{file}: {key}", entry) for key, entry in _mapping(data["questions"], file).items()}
    if list(questions) != plan["questions"]:
        raise ValueError(f"{file}: questions: expected {plan['questions']} as in {RELEASE}, found {list(questions)}")
    if set(_mapping(data["entities"], file)) != set(plan["kept"]):
        odd = sorted(set(data["entities"]) ^ set(plan["kept"]))
        raise ValueError(f"{file}: entities: {', '.join(odd)}: expected in both this file and {RELEASE}")
    entities = {
        key: _entity(f"{file}: {key}", key, data["entities"][key], questions, digits)
        for key, digits in plan["kept"].items()
    }
    built = EntityClass(name, questions, entities)
    for key, entity in entities.items():
        for question, fact in entity.facts.items():
            _check_wrong(f"{file}: {key}: {question}", built, key, question, fact)
    return built


def _question(where: str, entry: object) -> ClassQuestion:
    entry = _mapping({"answer": "{v}", "wrong": []} | _mapping(entry, where), where, *_QUESTION)
    for field, count in (("asked", ASKED), ("held_out", HELD_OUT), ("paraphrases", PARAPHRASES)):
        if len(set(_texts(f"{where}: {field}", entry[field]))) != count or len(entry[field]) != count:
            raise ValueError(f"{where}: {field}: expected {count} different ones, found {entry[field]!r}")
    for template in _texts(f"{where}: answer", [entry["answer"], *entry["paraphrases"]]):
        if re.findall(r"\{(.*?)\}", template) not in (["v"], ["av"]):
            raise ValueError(f"{where}: answer: expected one slot, {{v}} or {{av}}, found {template!r}")
    wrong = _texts(f"{where}: wrong", entry["wrong"])
    return ClassQuestion(
        tuple(entry["asked"]), tuple(entry["held_out"]), entry["answer"], tuple(entry["paraphrases"]), wrong
    )


def _entity(where: str, key: str, entry: object, questions: Mapping[str, ClassQuestion], digits: str) -> Entity:
    entry = _mapping({"also": {}} | _mapping(entry, where), where, "source", "facts", "also")
    if not isinstance(digits, str) or not re.fullmatch(rf"[0-{ASKED}]{{{len(questions)}}}", digits):
        raise ValueError(f"{RELEASE}: {key}: kept: expected {len(questions)} digits, 0 to {ASKED}, found {digits!r}")
    kept = {question: int(digit) for question, digit in zip(questions, digits, strict=True)}
    for question in (*_mapping(entry["facts"], where), *_mapping(entry["also"], where)):
        if question not in questions or question not in entry["facts"]:
            raise ValueError(f"{where}: {question}: expected a fact on one of {', '.join(questions)}")
    facts = {}
    for question, phrasings in kept.items():
        if question in entry["facts"]:
            also = _texts(f"{where}: also: {question}", entry["also"].get(question, []))
            facts[question] = _fact(f"{where}: {question}", entry["facts"][question], also)
        elif phrasings:
            raise ValueError(f"{where}: {question}: the release asks for it, so a fact is needed")
    return Entity(key, *_texts(f"{where}: source", [entry["source"]]), facts, kept)


def _fact(where: str, text: object, also: Sequence[str]) -> Fact:
    (text,) = _texts(where, [text])
    marked = re.findall(r"\[([^\[\]]+)\]", text)
    value = re.sub(r"\[([^\[\]]+)\]", r"\1", text)
    if "[" in value or "]" in value:
        raise ValueError(f"{where}: brackets do not match in {text!r}")
    return Fact(value, tuple(marked) or (value,), tuple(also))


def _check_wrong(where: str, of: EntityClass, entity: str, question: str, fact: Fact) -> None:
    others = {other.facts[question].value for other in of.entities.values() if question in other.facts}
    for value in fact.also:
        if value not in others | set(of.questions[question].wrong) or value == fact.value:
            raise ValueError(f"{where}: also: {value!r} is no value of another entity")
    found = len(of.wrong_values(entity, question))
    if found < WRONG:
        raise ValueError(f"{where}: only {found} wrong values are left; add to `wrong` of the question")


def _mapping(entry: object, where: str, *fields: str) -> Mapping:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where}: expected fields, found {entry!r}")
    if fields and set(entry) != set(fields):
        raise ValueError(f"{where}: {', '.join(sorted(set(entry) ^ set(fields)))}: missing or unknown")
    return entry


def _texts(where: str, values: object) -> tuple[str, ...]:
    for value in values if isinstance(values, list) else [None]:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{where}: expected text, found {values!r}; quote what YAML reads as something else")
    return tuple(values)
