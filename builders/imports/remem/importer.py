"""remem from ReMem's own release: the authors' people, pictures and questions, as a build.

The release has 9.5 GB: rows are read once, a few at a time, and wait in a database inside the unfinished build.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from lethebench.builders.base import Counts, GroupCounts
from lethebench.builders.imports.remem.release import (
    COLUMNS,
    FORGET,
    LEFT_OUT,
    People,
    find_people,
    find_shards,
    key_of,
    keywords_of,
    read_keys,
    read_rows,
)
from lethebench.builders.imports.remem.text import CARD
from lethebench.builders.imports.shared.base import MISSING, Import, Release
from lethebench.builders.imports.shared.pictures import LONGEST, RawPicture, convert
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.options import Options
from lethebench.builders.own.rows import OwnRow
from lethebench.builders.own.store import Span, Store
from lethebench.builders.own.units import MOST_THUMBNAILS, StoredUnit, shards_of_units, stored_rows, stored_unit
from lethebench.builders.records import Plan, Unit
from lethebench.builders.remem.builder import Remem
from lethebench.builders.write.digest import file_hash
from lethebench.contract.text import clean_text

GROUPS = tuple(f"g{number}" for number in range(1, len(FORGET) + 1))
"""Groups of people: those that each set to forget adds to the one before."""
REST = "rest"
SMALL_ROWS = 4
"""Rows of each person and split in a small import."""
_READ = {"finetune": "train", "test": "test", "retain": "test"}


class RememImport(Import):
    """ReMem as released; `tested`: the groups that have rows in `test`, `rule`: how people were told apart."""

    NAME = "remem"
    SUMMARY = Remem.SUMMARY
    SOURCE = "the folder of a download from the Hub, with finetune-*.parquet, forget1-*.parquet ... in it"
    PAPER = Remem.PAPER
    CARD = CARD
    MISSING = MISSING
    PAPER_COUNTS = {"profiles": 20, "pictures": 2000, "train_questions": 2000}  # noqa: RUF012

    def __init__(self, tested: Sequence[str] = (*GROUPS, REST), rule: str = "") -> None:
        self.rule = rule
        train = tuple(f"qa/{name}" for name in (*GROUPS, REST))
        tests = {"test": tuple(f"qa/test-{name}" for name in tested)} if tested else {}
        sets = {"continual": len(GROUPS), **{name: number for number, name in enumerate(FORGET, 1)}}
        self.CONFIGS = {
            **{
                name: {"train": train, "forget": train[:count], "retain": train[count:], **tests}
                for name, count in sets.items()
            },
            "profiles": {"train": tuple(f"profiles/{name}" for name in (*GROUPS, REST))},
        }

    def read(self, source: Path, *, size: str | int, options: Options, workshop: Path, num_proc: int) -> Release:
        problems = Problems(source.resolve().name, "repair the download or download it again")
        shards = find_shards(source, problems)
        problems.check()
        people = find_people(shards, problems)
        store = Store(workshop, released=True)
        counts = dict.fromkeys(_COUNTED, 0)
        try:
            rows = _stored(shards, people, store, counts, problems, size)
            for picture in convert(rows, workshop, num_proc=num_proc):
                store.converted(picture)
                if picture.reason:
                    problems.add(f"does not decode: {picture.reason}", file=f"picture {picture.name[:16]}")
            problems.check()
            store.number_tasks()
            store.order()
            spans = list(store.spans())
        finally:
            store.close()
        units = [stored_unit(span, _group(span)) for span in spans]
        tested = [name for name in (*GROUPS, REST) if any(f"qa/test-{name}" in unit.groups for unit in units)]
        plan = Plan(units, workshop, len(GROUPS), shards=shards_of_units(units))
        return Release(RememImport(tested, people.rule), plan, _provenance(source, shards), counts)

    def rows(self, unit: Unit, shared: Path) -> dict[str, list[dict]]:
        assert isinstance(unit, StoredUnit)
        return stored_rows(unit, shared, self.NAME)

    def counts(self, groups: GroupCounts, tasks: int) -> Counts:
        trained = [f"qa/{name}" for name in (*GROUPS, REST)]
        tests = [f"qa/test-{name}" for name in (*GROUPS, REST)]
        questions = {"train_questions": groups.rows(*trained), "test_questions": groups.rows(*tests)}
        return {
            "profiles": groups.rows(*(f"profiles/{name}" for name in (*GROUPS, REST))),
            "pictures": groups.pictures(*trained),
            "questions": sum(questions.values()),
            **questions,
        }, {}

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST, "thumbnails": MOST_THUMBNAILS, "rule": self.rule, "left_out": LEFT_OUT}


_COUNTED = (
    "released_retain_rows_in_test",
    "released_retain_rows_that_repeat_finetune_left_out",
    "rows_of_people_not_in_finetune_left_out",
    "keywords_not_in_the_answer_left_out",
)


def _stored(
    shards: Mapping[str, Sequence[Path]],
    people: People,
    store: Store,
    counts: dict[str, int],
    problems: Problems,
    size: str | int,
) -> Iterator[RawPicture]:
    """Read every row into the store; yield each picture the first time it occurs."""
    trained = set(read_keys(shards["finetune"], problems))
    trained_people = {people.person_of(key[0]) for key in trained}
    row_counts: dict[tuple[str, str], int] = {}
    total = 0
    for split, part in _READ.items():
        for number, (name, row_number, row) in enumerate(read_rows(shards[split], COLUMNS, problems)):
            with problems.at(name, row_number):
                key = key_of(row)
                person = people.person_of(key[0])
                if split != "finetune" and person not in trained_people:
                    counts["rows_of_people_not_in_finetune_left_out"] += 1
                    continue
                if split == "retain" and key in trained:
                    counts["released_retain_rows_that_repeat_finetune_left_out"] += 1
                    continue
                row_counts[person, split] = row_counts.get((person, split), 0) + 1
                if size == "small" and row_counts[person, split] > SMALL_ROWS:
                    continue
                counts["released_retain_rows_in_test"] += split == "retain"
                own, dropped = _row(row, f"{split}/{number}", part, person, people.task_of)
                counts["keywords_not_in_the_answer_left_out"] += dropped
                for index in store.add(total, own, share=True):
                    yield own.pictures[index]
                total += 1


def _row(row: Mapping[str, Any], row_id: str, part: str, person: str, task_of: Mapping[str, int]) -> tuple[OwnRow, int]:
    """Return a released row as a stored one, and how many keywords were dropped."""
    picture = row["image"] or {}
    if not isinstance(picture, Mapping) or not isinstance(picture.get("bytes"), bytes):
        raise ValueError("has no picture")
    question, answer = clean_text(row["question"]).strip(), clean_text(row["answer"]).strip()
    words, dropped = keywords_of(row["keywords"], answer)
    texts = {
        "subject": clean_text(person),
        "question": question,
        "answer": answer,
        "split": part,
        "attribute": clean_text(str(row["attribute"] or "")),
        "task": str(task_of[person]) if person in task_of else "",
        "id": row_id,
    }
    content = picture["bytes"]
    lists = {"keywords": words, "options": [], "paraphrases": [], "perturbed": []}
    return OwnRow(texts, lists, -1, (RawPicture(sha256(content).hexdigest(), content),)), dropped


def _group(span: Span) -> str:
    return GROUPS[span.task_id] if span.role == "forget" else REST


def _provenance(source: Path, shards: Mapping[str, Sequence[Path]]) -> dict[str, Any]:
    """Return name, number and hash of the files that were read."""
    files = sorted({path for paths in shards.values() for path in paths})
    lines = "".join(f"{path.relative_to(source).as_posix()}\0{file_hash(path)}\n" for path in files)
    name = source.resolve().name.encode("utf-8", "replace").decode()
    return {"name": name, "files": len(files), "sha256": sha256(lines.encode("utf-8", "replace")).hexdigest()}
