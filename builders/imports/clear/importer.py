"""clear from CLEAR's own release: the authors' fictitious writers, pictures and questions, as a build.

Rows are read once, a few at a time, and wait in a database inside the unfinished build.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lethebench.builders.imports.clear.release import (
    FORGET,
    NEIGHBOURS,
    PERTURBED,
    Clear,
    Pair,
    read_config,
    read_release,
    text_of,
    texts_of,
)
from lethebench.builders.imports.clear.text import CARD, PAPER
from lethebench.builders.imports.shared.base import Release
from lethebench.builders.imports.shared.pictures import RawPicture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.imports.shared.stored import (
    NEIGHBOUR,
    Parts,
    StoredImport,
    parquet_picture,
    provenance,
    released_row,
    stored_units,
)
from lethebench.builders.options import Options
from lethebench.builders.own.rows import OwnRow
from lethebench.builders.own.store import Store

GROUPS = ("g01", "g05", "g10")
"""Groups of authors: those that each set to forget adds to the one before."""
REQUESTS = (
    "Describe this picture.",
    "What does the picture show?",
    "Who is in this picture, and where?",
    "Give a description of the image.",
    "Say in a sentence what is in the image.",
    "What can be row_counts here?",
    "Please describe the person in the picture and the surroundings.",
    "Describe the scene.",
    "What is going on in this picture?",
)
"""Requests for a caption, one after another; the release has none."""
NAME_QUESTION = "What is the name of the person in the image?"
NAME_PROMPT = "The name of the person in the image is"
SMALL_ROWS, SMALL_NEIGHBOURS = 2, 12
"""In a small import: rows of each author and kind, rows of each neighbour config."""


class ClearImport(StoredImport):
    """CLEAR as released."""

    NAME = "clear"
    SUMMARY = "200 fictitious authors with pictures, captions and questions"
    HUB_FILES = ("full/*", "full+tofu/*", "forget*", "retain_perturbed/*", "real_*", "data/*")
    PAPER = PAPER
    CARD = CARD
    PAPER_COUNTS = {"train_questions": 7768}  # noqa: RUF012
    SETS = {"continual": GROUPS, **{name: GROUPS[:number] for number, name in enumerate(FORGET, 1)}}  # noqa: RUF012

    def read(self, source: Path, *, size: str | int, options: Options, workshop: Path, num_proc: int) -> Release:
        problems = Problems(source.resolve().name, "repair the download or download it again")
        clear = read_release(source, problems)
        counts: Counter[str] = Counter(blocks_of_questions_that_mention_no_author=len(clear.unnamed))

        def rows(store: Store) -> Iterator[RawPicture]:
            row_counts: Counter[tuple[str, ...]] = Counter()
            for number, (kind, row) in enumerate(_rows(clear, counts, problems)):
                row_counts[kind] += 1
                most = SMALL_NEIGHBOURS if kind[0] in NEIGHBOURS else SMALL_ROWS
                if size != "small" or row_counts[kind] <= most:
                    with problems.at(row.texts["id"], number):
                        for index in store.add(number, row, share=True):
                            yield row.pictures[index]

        units = stored_units(rows, GROUPS, workshop, problems, num_proc=num_proc)
        read = [path for paths in clear.shards.values() for path in paths]
        parts = Parts(self.SETS, missing=_missing(clear), facts={"full": clear.full, "requests": len(REQUESTS)})
        return self.release(units, parts, workshop, provenance(source, read), {name: counts[name] for name in _COUNTED})


_COUNTED = (
    "blocks_of_questions_that_mention_no_author",
    "captions_with_wrong_answers",
    "rows_of_authors_to_forget_outside_the_released_sets",
    "wrong_answers_that_are_the_right_one_left_out",
)


def _missing(clear: Clear) -> dict[str, str]:
    """Return the parts of a build that the release cannot fill -> why."""
    tested = any(clear.shards[config] for config in PERTURBED)
    reason = "this copy of the release has no config *_perturbed"
    missing = {} if tested else dict.fromkeys(("test", "paraphrases", "perturbed"), reason)
    if not any(clear.shards[config] for config in NEIGHBOURS):
        missing[NEIGHBOUR] = f"this copy of the release has no config {' or '.join(NEIGHBOURS)}"
    return missing


def _rows(clear: Clear, counts: Counter[str], problems: Problems) -> Iterator[tuple[tuple[str, ...], OwnRow]]:
    """Yield ((kind, subject), row) of everything in the release, once; a row that cannot be used becomes a problem."""
    columns: tuple[str, ...] = ("image", "name", "caption")
    for number, (file, at, row) in enumerate(read_config(clear.shards, clear.full, columns, problems)):
        with problems.at(file, at):
            author, caption = text_of(row, "name"), text_of(row, "caption")
            key = (author, caption)
            counts["rows_of_authors_to_forget_outside_the_released_sets"] += (
                author in clear.task_of and key not in clear.forgotten
            )
            counts["captions_with_wrong_answers"] += key in clear.perturbed
            yield ("caption", author), _caption(row["image"], key, number, clear)
    for number, (author, question, answer) in enumerate(clear.questions):
        texts = {"question": question, "answer": answer, "id": f"tofu/{number}", **_who(author, clear)}
        yield ("question", author), released_row(texts)
    tested: set[Pair] = set()
    columns = ("image", "name", "caption", "perturbed_names")
    for config in PERTURBED:
        before = frozenset(tested)
        for number, (file, at, row) in enumerate(read_config(clear.shards, config, columns, problems)):
            with problems.at(file, at):
                key = (text_of(row, "name"), text_of(row, "caption"))
                if key not in before:
                    tested.add(key)
                    yield ("test", key[0]), _name(row, f"{config}/{number}", clear)
    for config, question_columns in zip(NEIGHBOURS, ((), ("question",)), strict=True):
        columns = (*question_columns, "answer", "options")
        for number, (file, at, row) in enumerate(read_config(clear.shards, config, columns, problems, ("image",))):
            with problems.at(file, at):
                yield (config, ""), _neighbour(row, config, f"{config}/{number}", counts)


def _who(author: str, clear: Clear) -> dict[str, str]:
    return {"subject": author, "task": str(clear.task_of.get(author, ""))}


def _caption(image: object, key: Pair, number: int, clear: Clear) -> OwnRow:
    texts = {
        **_who(key[0], clear),
        "question": REQUESTS[number % len(REQUESTS)],
        "answer": key[1],
        "attribute": "caption",
        "id": f"full/{number}",
    }
    other = clear.perturbed.get(key)
    lists = {"paraphrases": other.paraphrases, "perturbed": other.captions} if other else {}
    return released_row(texts, [parquet_picture(image)], lists)


def _name(row: Mapping[str, Any], row_id: str, clear: Clear) -> OwnRow:
    name = text_of(row, "name")
    texts = {
        **_who(name, clear),
        "question": NAME_QUESTION,
        "answer": name,
        "attribute": "name",
        "cloze_prompt": NAME_PROMPT,
        "split": "test",
        "id": row_id,
    }
    lists = {"keywords": [name], "perturbed": texts_of(row["perturbed_names"], name)}
    return released_row(texts, [parquet_picture(row["image"])], lists)


def _neighbour(row: Mapping[str, Any], config: str, row_id: str, counts: Counter[str]) -> OwnRow:
    answer = text_of(row, "answer")
    pictures: Sequence[RawPicture] = [parquet_picture(row["image"])] if row.get("image") else []
    named = {"question": NAME_QUESTION, "attribute": "name", "cloze_prompt": NAME_PROMPT}
    if config == "real_world":
        named = {"question": text_of(row, "question")}
    elif not pictures:
        raise ValueError("has no picture")
    options = row["options"] if isinstance(row["options"], list) else []
    counts["wrong_answers_that_are_the_right_one_left_out"] += answer in options
    texts = {**named, "subject": row_id.replace("/", "-"), "answer": answer, "role": NEIGHBOUR, "id": row_id}
    if config == "real_faces":
        texts["name"] = answer
    return released_row(texts, pictures, {"keywords": [answer], "perturbed": texts_of(options, answer)})
