"""remem from ReMem's own release: the authors' people, pictures and questions, as a build.

The release has 9.5 GB: rows are read once, a few at a time, and wait in a database inside the unfinished build.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.builders.imports.remem.release import (
    COLUMNS,
    FORGET,
    LEFT_OUT,
    OPTIONAL,
    People,
    cloze_prompt_of,
    find_people,
    find_shards,
    key_of,
    read_keys,
    read_rows,
)
from lethebench.builders.imports.remem.text import CARD
from lethebench.builders.imports.shared.base import MISSING, Release
from lethebench.builders.imports.shared.pictures import RawPicture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.stored import (
    Parts,
    StoredImport,
    parquet_picture,
    provenance,
    released_row,
    stored_units,
)
from lethebench.builders.imports.shared.wording import keywords_of
from lethebench.builders.options import Options
from lethebench.builders.own.rows import OwnRow
from lethebench.builders.own.store import Store
from lethebench.builders.remem.builder import Remem

GROUPS = tuple(f"g{number}" for number in range(1, len(FORGET) + 1))
"""Groups of people: those that each set to forget adds to the one before."""
SMALL_ROWS = 4
"""Rows of each person and split in a small import."""
_READ = {"finetune": "train", "test": "test", "retain": "test"}
_LACKS = {name: MISSING[name] for name in ("paraphrases", "perturbed")}


class RememImport(StoredImport):
    """ReMem as released."""

    NAME = "remem"
    VERSION = "1.1.0"
    RELEASE_NOTES = {  # noqa: RUF012
        "1.1.0": "The column `cloze_prompt` has the released one.",
        "1.0.0": "First release of the importer.",
    }
    SUMMARY = Remem.SUMMARY
    HUB_FILES = ("*.parquet",)
    PAPER = Remem.PAPER
    CARD = CARD
    PAPER_COUNTS = {"profiles": 20, "pictures": 2000, "train_questions": 2000}  # noqa: RUF012
    SETS = {"continual": GROUPS, **{name: GROUPS[:number] for number, name in enumerate(FORGET, 1)}}  # noqa: RUF012

    def read(self, source: Path, *, size: str | int, options: Options, workshop: Path, num_proc: int) -> Release:
        problems = Problems(source.resolve().name, "repair the download or download it again")
        shards = find_shards(source, problems)
        problems.check()
        people = find_people(shards, problems)
        counts = dict.fromkeys(_COUNTED, 0)

        def rows(store: Store) -> Iterator[RawPicture]:
            return _stored(shards, people, store, counts, problems, size)

        units = stored_units(rows, GROUPS, workshop, problems, num_proc=num_proc)
        parts = Parts(self.SETS, missing=_LACKS, facts={"rule": people.rule, "left_out": LEFT_OUT})
        files = [path for paths in shards.values() for path in paths]
        return self.release(units, parts, workshop, provenance(source, files), counts)


_COUNTED = (
    "released_retain_rows_in_test",
    "released_retain_rows_that_repeat_finetune_left_out",
    "rows_of_people_not_in_finetune_left_out",
    "keywords_not_in_the_answer_left_out",
    "cloze_prompts_cut_at_their_blank",
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
        for number, (name, row_number, row) in enumerate(read_rows(shards[split], COLUMNS, problems, OPTIONAL)):
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
                own = _row(row, f"{split}/{number}", part, person, people.task_of, counts)
                for index in store.add(total, own, share=True):
                    yield own.pictures[index]
                total += 1


def _row(
    row: Mapping[str, Any], row_id: str, part: str, person: str, task_of: Mapping[str, int], counts: dict[str, int]
) -> OwnRow:
    """Return a released row as a stored one; count what is left out of it."""
    words, dropped = keywords_of(row["keywords"], row["answer"])
    prompt, cut = cloze_prompt_of(row.get("cloze_prompt"))
    counts["keywords_not_in_the_answer_left_out"] += dropped
    counts["cloze_prompts_cut_at_their_blank"] += cut
    texts = {
        "subject": person,
        "question": row["question"],
        "answer": row["answer"],
        "split": part,
        "attribute": str(row["attribute"] or ""),
        "task": str(task_of.get(person, "")),
        "cloze_prompt": prompt,
        "id": row_id,
    }
    return released_row(texts, [parquet_picture(row["image"])], {"keywords": words})
