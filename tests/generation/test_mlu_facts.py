"""Facts of mlu: counts and partition as released, wordings, facts, malformed files."""

import json
import os
import re
import shutil
import zipfile
from collections import Counter, defaultdict
from importlib import resources

import pytest

from lethebench.generation.mlu.facts import read, release
from lethebench.generation.questions.phrasing import say

# Figures of the release (MLUBench, arXiv 2606.12809): class -> entities, rows; task -> entities and rows by role.
CLASSES = {
    "Animals": (15, 2130),
    "Astronomy": (5, 312),
    "Buildings": (12, 1200),
    "Cartoon": (14, 1674),
    "Corporation": (6, 654),
    "Movies": (18, 2400),
    "Personage": (30, 3930),
    "Plants": (12, 1680),
    "TV series": (15, 1434),
}
TASKS = {
    "A": ({"Animals": 15, "Astronomy": 5}, 2442, {"Plants": 12}, 1680),
    "B": ({"Buildings": 12, "Corporation": 6, "Cartoon": 2}, 2154, {"Cartoon": 12}, 1374),
    "C": ({"Movies": 5, "Personage": 15}, 2580, {"Movies": 13}, 1800),
    "D": ({"Personage": 15, "TV series": 2}, 2250, {"TV series": 13}, 1134),
}
ZIP = os.environ.get("LETHEBENCH_MLUBENCH_ZIP", "")


@pytest.fixture(scope="module")
def facts():
    return release()


@pytest.fixture(scope="module")
def rows(facts):
    """Entity -> rows of the release about it."""
    return {
        key: facts.pictures_per_pair * sum(entity.phrasings.values())
        for one in facts.classes.values()
        for key, entity in one.entities.items()
    }


def every_fact(facts):
    for one in facts.classes.values():
        for key, entity in one.entities.items():
            for question, fact in entity.facts.items():
                yield one, key, question, fact


def test_entities_pairs_and_rows_per_class(facts, rows):
    assert {
        name: (len(one.entities), sum(map(rows.get, one.entities))) for name, one in facts.classes.items()
    } == CLASSES
    assert {name: len(one.questions) for name, one in facts.classes.items()} == {
        name: 4 if name == "Buildings" else 5 for name in CLASSES
    }
    entities = [entity for one in facts.classes.values() for entity in one.entities.values()]
    assert {count for entity in entities for count in entity.phrasings.values()} == {0, 1, 5}
    assert len(rows) == 127
    assert sum(rows.values()) == 15_414
    assert sum(rows.values()) / facts.pictures_per_pair == 2_569


def test_entities_and_rows_per_task(facts, rows):
    home = {key: name for name, one in facts.classes.items() for key in one.entities}
    counts = {
        task.name: (
            Counter(map(home.get, task.forget)),
            sum(map(rows.get, task.forget)),
            Counter(map(home.get, task.retain)),
            sum(map(rows.get, task.retain)),
        )
        for task in facts.tasks
    }
    assert counts == TASKS
    assert sum(task[1] for task in counts.values()) == 9_426
    assert sum(task[3] for task in counts.values()) == 5_988


def test_tasks_partition_the_entities(facts, rows):
    keys = [key for task in facts.tasks for key in (*task.forget, *task.retain)]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(rows)


def test_names_and_sources(facts):
    for one in facts.classes.values():
        assert len({entity.name.casefold() for entity in one.entities.values()}) == len(one.entities)
        for entity in one.entities.values():
            assert re.fullmatch(r"https://en\.wikipedia\.org/wiki/\S+", entity.source), entity.key


def test_wordings_are_unique_and_do_not_name_the_subject(facts):
    for one in facts.classes.values():
        wordings = [text for question in one.questions.values() for text in (*question.train, *question.test)]
        assert len(set(wordings)) == len(wordings) == 7 * len(one.questions)
        names = re.compile(
            "|".join(rf"\b{re.escape(entity.name)}\b" for entity in one.entities.values()), re.IGNORECASE
        )
        for text in wordings:
            assert re.search(r"\b(picture|pictured|here|this)\b", text), text
            assert re.fullmatch(r"[A-Z].*[?.]", text), text
            assert not names.search(text), text


def test_facts_are_complete(facts):
    missing = {
        (key, question)
        for one in facts.classes.values()
        for key, entity in one.entities.items()
        for question in one.questions
        if question not in entity.facts
    }
    assert missing == {("Moon", "position"), ("Moon", "type"), ("Moon", "orbit")}


def test_answers_state_the_value(facts):
    for one, key, question, fact in every_fact(facts):
        templates = one.questions[question]
        assert fact.keywords, (key, question)
        assert all(keyword in fact.value for keyword in fact.keywords), (key, question)
        for template in (templates.answer, *templates.paraphrases):
            text = say(template, fact.value, {})
            assert fact.value in text
            assert text == " ".join(text.split()), (key, question)
            assert not re.search(r"[\[\]{}]|\.\.", text), text
        for template in templates.paraphrases:
            assert re.fullmatch(r"[A-Z].*\.", say(template, fact.value, {})), (key, question)


def test_wrong_values_are_five_or_more_and_not_true(facts):
    for one, key, question, fact in every_fact(facts):
        wrong = one.wrong_values(key, question)
        assert len(wrong) == len(set(wrong)) >= 5, (key, question)
        assert fact.value not in wrong
        assert not set(wrong) & set(fact.also)


def test_shared_values_are_not_wrong(facts):
    animals = facts.classes["Animals"]
    assert animals.entities["Cow"].facts["family"] == animals.entities["Sheep"].facts["family"]
    assert "Bovidae" not in animals.wrong_values("Sheep", "family")
    assert "Canidae" in animals.wrong_values("Sheep", "family")
    assert animals.wrong_values("Dolphin", "diet").count("piscivore") == 0  # eats fish, and is a carnivore


@pytest.fixture
def folder(tmp_path):
    with resources.as_file(resources.files("lethebench.generation").joinpath("data", "mlu")) as source:
        return shutil.copytree(source, tmp_path / "mlu")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("animals.yaml", "family: Ursidae", "family: ''", "animals.yaml: Bear: family"),
        ("animals.yaml", "in its [winter den]", "in its [winter den", "animals.yaml: Bear: reproduction: brackets"),
        ("animals.yaml", "      family: Felidae\n", "", "animals.yaml: Cat: family: .*a fact is needed"),
        ("animals.yaml", "family: Felidae", "order: Felidae", "animals.yaml: Cat: order"),
        ("animals.yaml", "    wrong: [insectivore, piscivore", "    wrong: [piscivore", "diet: only 4 wrong values"),
        ("animals.yaml", "diet: [piscivore]", "diet: [pescivore]", "animals.yaml: .*: diet: also: 'pescivore'"),
        ("animals.yaml", "The picture shows {av}.", "The picture shows.", "animals.yaml: name: answer"),
        ("animals.yaml", "- Which animal does the picture show?", "- Why?\n      - Why?", "animals.yaml: name: asked"),
        ("animals.yaml", "questions:", "question:", "animals.yaml: question, questions"),
        ("animals.yaml", "  Bear:\n    source", "  Bare:\n    source", "animals.yaml: entities: Bare, Bear"),
        ("animals.yaml", "class: Animals", "class: [", "animals.yaml: not readable"),
        ("animals.yaml", "      diet: Berries", "      dite: Berries", "Bear: more: diet, dite"),
        ("corporation.yaml", "in [1976] by [Steve Jobs]", "in [1976] by [1976]", "Apple_Logo: founding: a keyword"),
        ("movies.yaml", 'cast: "[Humphrey Bogart]', 'actors: "[Humphrey Bogart]', "movies.yaml: Casablanca: actors"),
        (
            "movies.yaml",
            'release_year: "1972"',
            "release_year: 1972",
            "movies.yaml: The_Godfather: release_year: .*1972",
        ),
        ("release.yaml", 'Bear: "55550"', 'Bear: "5555"', "release.yaml: Bear: kept"),
        ("release.yaml", 'Bear: "55550"', "Bear: 55550", "release.yaml: Bear: kept"),
        ("movies.yaml", 'kept: "00555"', 'kept: "00556"', "movies.yaml: Gladiator: kept"),
        ("release.yaml", "        - Bear\n", "", "release.yaml: tasks: Bear: occurs 0 times"),
        (
            "release.yaml",
            "        - Bear\n",
            "        - Bear\n        - Bear\n",
            "release.yaml: tasks: Bear: occurs 2 times",
        ),
        ("release.yaml", "        - Bear\n", "        - Bare\n", "release.yaml: tasks: A: forget: Bare"),
        ("release.yaml", "[name, family, diet,", "[name, diet, family,", "animals.yaml: questions"),
    ],
)
def test_malformed_file_names_entity_and_field(folder, file, old, new, message):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read(folder)


@pytest.fixture(scope="module")
def released():
    if not os.path.isfile(ZIP):
        pytest.skip("set LETHEBENCH_MLUBENCH_ZIP to the path of the released MLUBench.zip")
    with zipfile.ZipFile(ZIP) as archive:
        return {
            name: json.loads(archive.read(name).decode("utf-8-sig"))
            for name in archive.namelist()
            if name.endswith(".json")
        }


def test_kept_pairs_and_tasks_equal_the_release(facts, released):
    tasks = {(task.name, role): set(getattr(task, role)) for task in facts.tasks for role in ("forget", "retain")}
    released_tasks = defaultdict(set)
    for name, entries in released.items():
        keys = {entry["image"].split("/")[2] for entry in entries}
        if match := re.search(r"task([A-D])_(forget|retain)\.json$", name):
            released_tasks[match.groups()] = keys
            continue
        (key,) = keys
        entity_class = next(one for one in facts.classes.values() if key in one.entities)
        pairs = Counter()
        original = {}
        for entry in entries:
            phrasing, number = divmod(int(entry["id"]), 100_000)
            if phrasing == 0:
                original[number] = re.sub(r"^\W+", "", entry["conversations"][0]["value"].replace("<image>", ""))
            pairs[phrasing, number] += 1
        phrasings = defaultdict(set)
        for phrasing, number in pairs:
            phrasings[original[number]].add(phrasing)
        counts = [len(phrasings[text]) for text in dict.fromkeys(original.values())]
        assert counts == [digit for digit in entity_class.entities[key].phrasings.values() if digit], key
        assert len(entries) == facts.pictures_per_pair * sum(counts), key
    assert released_tasks == tasks


def test_no_sentence_is_copied_from_the_release(facts, released):
    def plain(text):
        return " ".join(re.findall(r"\w+", text.casefold()))

    released_sentences = {
        plain(sentence)
        for entries in released.values()
        for entry in entries
        for turn in entry["conversations"]
        for sentence in re.split(r"(?<=[.?!])\s+|\n", turn["value"].replace("<image>", ""))
    }
    questions = [question for one in facts.classes.values() for question in one.questions.values()]
    sentences = [text for question in questions for text in (*question.train, *question.test)]
    for one, _, question, fact in every_fact(facts):
        wording = one.questions[question]
        sentences += [
            say(template, fact.value, {}) for template in (wording.answer, *wording.paraphrases) if template != "{v}"
        ]
    assert not [text for text in sentences if plain(text) in released_sentences]
