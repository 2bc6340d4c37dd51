"""Read FIUBench's release: people and questions in full.json, sets of people in split.json, and their pictures.

full.json has an object per line, or a list of them; the authors use its first 400. Pictures are matches by the name of
the file alone, in the release or in a zip in it, since `image_path` begins with a folder of the authors.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.archive import Files, Zip, open_files
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.wording import read_json
from lethebench.contract.hub_cache import hub_source

PEOPLE, SPLITS = "full.json", "split.json"
USED = 400
"""The people at the start of full.json that the authors train on."""
FORGET = ("forget1", "forget5", "forget10")
_SET = re.compile(r"(forget|retain)(\d+)")
_TEXTS = ("unique_id", "name", "image_path")


@dataclass(frozen=True)
class Person:
    """A person of full.json.

    Attributes:
        id: `unique_id`.
        name: of the person.
        picture: name of the picture's file, without folders.
        questions: entries of `qa_list`.
        notes: what the release says of the person beside.
    """

    id: str
    name: str
    picture: str
    questions: Sequence[Mapping[str, Any]]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Fiubench:
    """A release before its pictures are read.

    Attributes:
        people: the first USED.
        left_out: how many people come after them.
        sets: sets to forget, the smallest first -> ids of their people.
        task_of: id -> number of the first set that has the person.
        nested: whether each set holds the one before; else they have nobody in common.
    """

    people: Sequence[Person]
    left_out: int
    sets: Mapping[str, frozenset[str]]
    task_of: Mapping[str, int]
    nested: bool


class Source:
    """The files of a release, and of the zips in its folder; pictures by name."""

    def __init__(self, path: Path) -> None:
        self.files: list[Files] = [open_files(path)]
        self.source = self.files[0].source
        self._hub = hub_source(path)
        if path.is_dir():
            self.files += [Zip(one) for one in sorted(path.rglob("*.zip")) if one.is_file()]
        self._copies: dict[str, list[tuple[Files, str]]] = {}
        for files in self.files:
            for name in files.names:
                if "__MACOSX" not in name:
                    self._copies.setdefault(PurePosixPath(name).name, []).append((files, name))

    def read(self, name: str) -> bytes:
        """Return the bytes of the file with this name; raise ValueError unless there is one, or all are the same."""
        copies = self._copies.get(name, [])
        if not copies:
            raise ValueError("is missing")
        first, *others = (files.read(path) for files, path in copies[:4])
        if any(other != first for other in others):
            raise ValueError(f"is there {len(copies)} times with different content: leave one")
        return first

    def provenance(self) -> dict[str, Any]:
        """Return name, number and hash of the files that were read."""
        parts = [files.provenance() for files in self.files]
        whole = {**parts[0], "name": self._hub or parts[0]["name"]}
        if len(parts) == 1:
            return whole
        digests = "\n".join(part["sha256"] for part in parts)
        return {**whole, "files": sum(part["files"] for part in parts), "sha256": sha256(digests.encode()).hexdigest()}


def read_release(source: Source, problems: Problems) -> Fiubench:
    """Return people and sets; raise BuildError listing all that is wrong with them."""
    contents = {}
    for name in (PEOPLE, SPLITS):
        try:
            contents[name] = source.read(name)
        except ValueError as error:
            hint = " (the authors' code has it in dataset/)" if name == SPLITS else ""
            problems.add(f"{error}{hint}", file=name)
    if PEOPLE not in contents and SPLITS not in contents:
        raise BuildError(f"{source.source}: not a download of FIUBench (no {PEOPLE} and {SPLITS} in it)")
    problems.check()
    records = list(_records(contents[PEOPLE], problems))
    people = [person for number, record in records if (person := _person(record, number, problems))]
    first_rows: dict[str, int] = {}
    for number, person in enumerate(people):
        if person.id in first_rows:
            problems.add(
                f"its unique_id {person.id!r} is also that of row {first_rows[person.id]}", file=PEOPLE, row=number
            )
        first_rows.setdefault(person.id, number)
    sets = _sets(contents[SPLITS], problems)
    problems.check()
    used, left_out = people[:USED], max(0, len(people) - USED)
    ids = {person.id for person in used}
    forget = {name: members for name, members in sets.items() if name.startswith("forget")}
    for name, members in sets.items():
        if absent := sorted(members - ids):
            problems.add(f"{name} has {absent[0]!r}, who is not among the first {USED} people", file=SPLITS)
        if not members:
            problems.add(f"{name} is empty", file=SPLITS)
    forgotten = frozenset().union(*forget.values())
    for name, members in sets.items():
        if name not in forget and (both := sorted(members & forgotten)):
            problems.add(f"{both[0]!r} is in {name} and in a set to forget", file=SPLITS)
    values = list(forget.values())
    nested = len(values) > 1 and all(small < large for small, large in pairwise(values))
    if not nested and sum(map(len, values)) > len(forgotten):
        problems.add("the sets to forget are neither nested nor without common people", file=SPLITS)
    if ids <= forgotten:
        problems.add("everybody is in a set to forget, so nobody is left to retain", file=SPLITS)
    problems.check()
    task_of = {one: number for number, members in reversed(list(enumerate(values))) for one in members}
    return Fiubench(_with_sets(used, sets), left_out, forget, task_of, nested)


def texts_of(value: object) -> list[str]:
    """Return a text or a list of texts as a list, without what is empty."""
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for one in values if isinstance(one, str) and (text := one.strip())]


def _records(content: bytes, problems: Problems) -> Iterator[tuple[int, Any]]:
    """Yield (number, value) of a JSON list, or of every line; what is not JSON becomes a problem."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        try:
            yield from enumerate(read_json(content))
        except ValueError as error:
            problems.add(str(error), file=PEOPLE)
        return
    for number, line in enumerate(line for line in content.splitlines() if line.strip()):
        with problems.at(PEOPLE, number):
            yield number, read_json(line)


def _person(record: Any, number: int, problems: Problems) -> Person | None:
    """Return a person, None and a problem if the record cannot be used."""
    with problems.at(PEOPLE, number):
        if not isinstance(record, dict):
            raise ValueError("is not an object")
        for name in _TEXTS:
            if not isinstance(record.get(name), str) or not record[name].strip():
                raise ValueError(f"has no {name}")
        questions = record.get("qa_list")
        if not isinstance(questions, list) or not questions or not all(isinstance(one, dict) for one in questions):
            raise ValueError("has no qa_list with questions")
        for index, one in enumerate(questions):
            if missing := [name for name in ("question", "answer") if not texts_of(one.get(name))]:
                raise ValueError(f"question {index} has no {missing[0]}")
        notes = {name: text for name in ("gender", "caption", "raw_data") if (text := _note(record.get(name)))}
        picture = PurePosixPath(record["image_path"].replace("\\", "/")).name
        return Person(record["unique_id"].strip(), record["name"].strip(), picture, questions, notes)
    return None


def _note(value: object) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""


def _sets(content: bytes, problems: Problems) -> dict[str, frozenset[str]]:
    """Return set -> ids, sets to forget first, each kind by its number."""
    try:
        value = read_json(content)
    except ValueError as error:
        problems.add(str(error), file=SPLITS)
        return {}
    if not isinstance(value, dict) or not all(isinstance(ids, list) for ids in value.values()):
        problems.add("is not an object of set and ids", file=SPLITS)
        return {}
    matches = sorted((match[1], int(match[2]), name) for name in value if (match := _SET.fullmatch(name)))
    forget = tuple(name for kind, _, name in matches if kind == "forget")
    if forget != FORGET:
        problems.add(
            f"has the sets {', '.join(forget)[:200] or 'none'} to forget, not {', '.join(FORGET)}", file=SPLITS
        )
    return {name: frozenset(str(one) for one in value[name]) for _, _, name in matches}


def _with_sets(people: Sequence[Person], sets: Mapping[str, frozenset[str]]) -> list[Person]:
    """Return the people with the released sets that they are in among their notes."""
    members = {person.id: ", ".join(name for name, ids in sets.items() if person.id in ids) for person in people}
    return [
        replace(person, notes={**person.notes, "sets": members[person.id]}) if members[person.id] else person
        for person in people
    ]
