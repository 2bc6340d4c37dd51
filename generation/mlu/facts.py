"""The 127 entities of mlu with their facts, questions, tasks and kept pairs, read from `data/mlu/`.

The file format is described in `data/mlu/release.yaml`; correct wrong facts in the files beside it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import yaml

from lethebench.generation.questions.phrasing import WRONG_ANSWERS

RELEASE = "release.yaml"
_QUESTION_KEYS = ("asked", "held_out", "answer", "paraphrases", "wrong")
_TEXTS_PER_QUESTION = {"asked": 5, "held_out": 2, "paraphrases": 2}


@dataclass(frozen=True)
class Fact:
    """A fact about an entity.

    Attributes:
        value: the short answer, as the question's templates need it.
        keywords: the parts of the value that carry the fact.
        also: values of other entities that are true of this one too.
    """

    value: str
    keywords: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassQuestion:
    """A question asked about every entity of a class.

    Attributes:
        train: five phrasings, the original first; none names the subject.
        test: two more for the test split.
        answer: template of the answer; with one slot, `{v}` or `{av}` (the value with "a" or "an").
        paraphrases: two templates of other correct answers.
        wrong: wrong values besides those of the class's other entities.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    answer: str
    paraphrases: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """A well-known thing or person.

    Attributes:
        key: the release's folder name, unique over all classes: `Live_Chicken`.
        source: a page that states the facts.
        facts: question -> fact. Every kept question has one.
        phrasings: question -> how many of its phrasings, from the original on, the release kept (0 to 5).
        more: question -> one or two true sentences that follow the fact in long answers. Every kept question has them.
    """

    key: str
    source: str
    facts: Mapping[str, Fact]
    phrasings: Mapping[str, int]
    more: Mapping[str, str]

    @property
    def name(self) -> str:
        """The answer to the first question of the class, without an article: `Eiffel Tower`."""
        return next(iter(self.facts.values())).keywords[0]


Story = tuple[str, str]
"""A value and the sentences that follow it in a long answer."""


@dataclass(frozen=True)
class EntityClass:
    """Entities of one kind by key, and the questions that all of them share.

    Attributes:
        held_out: entities that the release does not have and that are never trained on, by key.
    """

    name: str
    questions: Mapping[str, ClassQuestion]
    entities: Mapping[str, Entity]
    held_out: Mapping[str, Entity]

    @property
    def everyone(self) -> Mapping[str, Entity]:
        """All entities by key, the held-out ones last."""
        return {**self.entities, **self.held_out}

    def wrong_values(self, key: str, question: str) -> tuple[str, ...]:
        """Return the distinct wrong values for an entity, in the order of the file, none with a keyword of the fact."""
        pool = [other.facts[question].value for _, other in self._others(key, question)]
        values = dict.fromkeys([*pool, *self.questions[question].wrong])
        return tuple(value for value in values if self._is_wrong(key, question, value))

    def wrong_stories(self, key: str, question: str) -> tuple[tuple[Story, ...], tuple[Story, ...]]:
        """Return the wrong stories for an entity: those of other entities, and other wrong values with borrowed `more`.

        None has a keyword of the fact.
        """
        others = [other for _, other in self._others(key, question) if question in other.more]
        whole = [(other.facts[question].value, other.more[question]) for other in others]
        whole = [(value, more) for value, more in whole if self._is_wrong(key, question, value, more)]
        spare = [value for value in self.wrong_values(key, question) if value not in dict(whole)]
        borrowed = [(value, whole[number % len(whole)][1]) for number, value in enumerate(spare)] if whole else []
        return tuple(whole), tuple(borrowed)

    def _others(self, key: str, question: str) -> Iterator[tuple[str, Entity]]:
        return ((other, entity) for other, entity in self.entities.items() if other != key and question in entity.facts)

    def _is_wrong(self, key: str, question: str, value: str, more: str = "") -> bool:
        fact = self.everyone[key].facts[question]
        return value != fact.value and value not in fact.also and not carries(f"{value} {more}", fact.keywords)


def carries(text: str, keywords: Sequence[str]) -> bool:
    """Return whether a text has one of the keywords as whole words, in any case."""
    words = _plain_words(text)
    return any(f" {' '.join(_plain_words(keyword))} " in f" {' '.join(words)} " for keyword in keywords)


def _plain_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@dataclass(frozen=True)
class Task:
    """A request of the lifelong sequence: keys of the entities to forget and of the released retain set."""

    name: str
    forget: tuple[str, ...]
    retain: tuple[str, ...]


@dataclass(frozen=True)
class Release:
    """All classes by name, the tasks in order, and the number of pictures per kept pair."""

    classes: Mapping[str, EntityClass]
    tasks: tuple[Task, ...]
    pictures_per_pair: int


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, ten times as fast, where PyYAML has it."""


@cache
def release() -> Release:
    """Return everything under `data/mlu/`.

    Raises:
        ValueError: if a file is malformed; the message names file, entity or question, and field.
    """
    return read(resources.files("lethebench.generation").joinpath("data", "mlu"))


def read(folder: Traversable) -> Release:
    """Read the release from a folder of YAML files; see `release`."""
    plan = _mapping(_load(folder, RELEASE), RELEASE, "pictures_per_pair", "classes", "tasks")
    classes = {name: _class(folder, name, entry) for name, entry in plan["classes"].items()}
    tasks = tuple(_task(name, entry, classes) for name, entry in plan["tasks"].items())
    counts = Counter(key for task in tasks for key in (*task.forget, *task.retain))
    for key in (key for entity_class in classes.values() for key in entity_class.entities):
        if counts[key] != 1:
            raise ValueError(f"{RELEASE}: tasks: {key}: occurs {counts[key]} times; list each entity once")
    return Release(classes, tasks, plan["pictures_per_pair"])


def _load(folder: Traversable, name: str) -> object:
    try:
        return yaml.load(folder.joinpath(name).read_text(encoding="utf-8"), Loader=_LOADER)
    except yaml.YAMLError as error:
        raise ValueError(f"{name}: not readable as YAML: {' '.join(str(error).split())}") from None


def _task(name: str, entry: object, classes: Mapping[str, EntityClass]) -> Task:
    entry = _mapping(entry, f"{RELEASE}: tasks: {name}", "forget", "retain")
    roles = {}
    for role in entry:
        for class_name, keys in entry[role].items():
            for key in keys:
                if class_name not in classes or key not in classes[class_name].entities:
                    raise ValueError(f"{RELEASE}: tasks: {name}: {role}: {key}: unknown entity of {class_name}")
        roles[role] = tuple(key for keys in entry[role].values() for key in keys)
    return Task(name, **roles)


def _class(folder: Traversable, name: str, plan: object) -> EntityClass:
    plan = _mapping(plan, f"{RELEASE}: classes: {name}", "questions", "kept")
    file = f"{name.lower().replace(' ', '_')}.yaml"
    data = _mapping({"held_out": {}} | dict(_mapping(_load(folder, file), file)), file, "class", "questions",
                    "entities", "held_out")  # fmt: skip
    if data["class"] != name:
        raise ValueError(f"{file}: class: expected {name}, found {data['class']!r}")
    questions = {key: _question(f"{file}: {key}", entry) for key, entry in _mapping(data["questions"], file).items()}
    if list(questions) != plan["questions"]:
        raise ValueError(f"{file}: questions: expected {plan['questions']} as in {RELEASE}, found {list(questions)}")
    if mismatch := sorted(set(_mapping(data["entities"], file)) ^ set(plan["kept"])):
        raise ValueError(f"{file}: entities: {', '.join(mismatch)}: must be in both this file and {RELEASE}")
    entities = {
        key: _entity(f"{file}: {key}", key, data["entities"][key], questions, digits)
        for key, digits in plan["kept"].items()
    }
    all_phrasings = str(_TEXTS_PER_QUESTION["asked"]) * len(questions)
    held_out = {}
    for key, entry in _mapping(data["held_out"], file).items():
        label = f"{file}: {key}"
        entry = {"kept": all_phrasings} | dict(_mapping(entry, label))
        phrasings = _phrasings(f"{label}: kept", entry.pop("kept"), questions)
        held_out[key] = replace(_entity(label, key, entry, questions, all_phrasings), phrasings=phrasings)
    entity_class = EntityClass(name, questions, entities, held_out)
    for key, entity in entity_class.everyone.items():
        for question, fact in entity.facts.items():
            _check_wrong(f"{file}: {key}: {question}", entity_class, key, question, fact)
    return entity_class


def _question(label: str, entry: object) -> ClassQuestion:
    entry = _mapping({"answer": "{v}", "wrong": []} | dict(_mapping(entry, label)), label, *_QUESTION_KEYS)
    for field, count in _TEXTS_PER_QUESTION.items():
        if len(set(_texts(f"{label}: {field}", entry[field]))) != count or len(entry[field]) != count:
            raise ValueError(f"{label}: {field}: expected {count} different texts, found {entry[field]!r}")
    for template in _texts(f"{label}: answer", [entry["answer"], *entry["paraphrases"]]):
        if re.findall(r"\{(.*?)\}", template) not in (["v"], ["av"]):
            raise ValueError(f"{label}: answer: expected one slot, {{v}} or {{av}}, found {template!r}")
    wrong = _texts(f"{label}: wrong", entry["wrong"])
    train, test, paraphrases = (tuple(entry[field]) for field in _TEXTS_PER_QUESTION)
    return ClassQuestion(train, test, entry["answer"], paraphrases, wrong)


def _entity(label: str, key: str, entry: object, questions: Mapping[str, ClassQuestion], digits: object) -> Entity:
    entry = _mapping({"also": {}} | dict(_mapping(entry, label)), label, "source", "facts", "also", "more")
    phrasings = _phrasings(f"{RELEASE}: {key}: kept", digits, questions)
    for question in (*_mapping(entry["facts"], label), *_mapping(entry["also"], label)):
        if question not in questions or question not in entry["facts"]:
            raise ValueError(f"{label}: {question}: expected a fact on one of {', '.join(questions)}")
    more = _mapping(entry["more"], label)
    _texts(f"{label}: more", list(more.values()))
    if mismatch := sorted(set(more) ^ {question for question, count in phrasings.items() if count}):
        raise ValueError(f"{label}: more: {', '.join(mismatch)}: expected sentences on each question that is asked")
    facts = {}
    for question, count in phrasings.items():
        if question in entry["facts"]:
            also = _texts(f"{label}: also: {question}", entry["also"].get(question, []))
            facts[question] = _fact(f"{label}: {question}", entry["facts"][question], also)
        elif count:
            raise ValueError(f"{label}: {question}: the release asks for it, so a fact is needed")
    (source,) = _texts(f"{label}: source", [entry["source"]])
    return Entity(key, source, facts, phrasings, more)


def _phrasings(label: str, digits: object, questions: Mapping[str, ClassQuestion]) -> dict[str, int]:
    most = _TEXTS_PER_QUESTION["asked"]
    if not isinstance(digits, str) or not re.fullmatch(rf"[0-{most}]{{{len(questions)}}}", digits):
        raise ValueError(f"{label}: expected {len(questions)} digits, 0 to {most}, found {digits!r}")
    return {question: int(digit) for question, digit in zip(questions, digits, strict=True)}


def _fact(label: str, entry: object, also: tuple[str, ...]) -> Fact:
    (text,) = _texts(label, [entry])
    marked = re.findall(r"\[([^\[\]]+)\]", text)
    value = re.sub(r"\[([^\[\]]+)\]", r"\1", text)
    if "[" in value or "]" in value:
        raise ValueError(f"{label}: brackets do not match in {text!r}")
    if len(set(marked)) < len(marked):
        raise ValueError(f"{label}: a keyword occurs twice in {text!r}")
    return Fact(value, tuple(marked) or (value,), also)


def _check_wrong(label: str, entity_class: EntityClass, key: str, question: str, fact: Fact) -> None:
    values = {entity.facts[question].value for entity in entity_class.entities.values() if question in entity.facts}
    values |= set(entity_class.questions[question].wrong)
    for value in fact.also:
        if value not in values or value == fact.value:
            raise ValueError(f"{label}: also: {value!r} is not a value of another entity")
    count = len(entity_class.wrong_values(key, question))
    if question in entity_class.everyone[key].more:
        count = min(count, sum(map(len, entity_class.wrong_stories(key, question))))
    if count < WRONG_ANSWERS:
        raise ValueError(f"{label}: only {count} wrong values are left; add to `wrong` of the question")


def _mapping(entry: object, label: str, *fields: str) -> Mapping:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{label}: expected fields, found {entry!r}")
    if fields and set(entry) != set(fields):
        raise ValueError(f"{label}: {', '.join(sorted(set(entry) ^ set(fields)))}: missing or unknown")
    return entry


def _texts(label: str, values: object) -> tuple[str, ...]:
    for value in values if isinstance(values, list) else [None]:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{label}: expected text, found {values!r}; quote what YAML reads as something else")
    return tuple(values) if isinstance(values, list) else ()
