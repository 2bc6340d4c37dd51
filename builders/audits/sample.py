"""Read the texts of a build that its audits measure: some subjects of every role, and rows about them."""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from lethebench.contract.columns import ROLES
from lethebench.contract.parquet import parquet_rows

MOST_SUBJECTS = 400
"""Subjects of one role."""
MOST_ROWS = 40_000
_LEAST_ROWS = 40  # of one subject in one split
_COLUMNS = (
    "id", "profile_id", "attribute", "question", "answer", "options", "correct", "paraphrases", "perturbed",
)  # fmt: skip
_PROFILE_COLUMNS = ("profile_id", "domain", "name", "role", "fields", "details")
_FEW = 1_000  # rows of texts in memory at a time
_BLOCK = 250  # rows that are compressed together
_LONGEST, _CHOICES = 2_000, 26  # characters of a text, and options or wrong answers of a row, that are measured


@dataclass(frozen=True)
class Subject:
    """A profile: attribute -> value, `name` among them, and further details."""

    id: str
    domain: str
    role: str
    values: Mapping[str, str]
    details: Mapping[str, str]

    def fact(self, key: str) -> str:
        """Return a value or a detail, empty if there is none."""
        return self.values.get(key) or self.details.get(key, "")


@dataclass(frozen=True)
class Sample:
    """Subjects by id, and question rows as dictionaries; a row's `part` is `train`, `test`, or `other`.

    `train` are the rows of the default config beside `test`, `other` those that only other configs have.
    """

    subjects: Mapping[str, Subject]
    rows: Iterable[Mapping[str, Any]]

    def about(self, attribute: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows about an attribute."""
        if isinstance(self.rows, PackedRows):
            return self.rows.about(attribute)
        return [row for row in self.rows if row["attribute"] == attribute]


class PackedRows:
    """Rows in compressed blocks of one attribute each: a tenth of their size, and read one attribute at a time."""

    def __init__(self) -> None:
        self._blocks: defaultdict[str, list[bytes]] = defaultdict(list)
        self._open: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        attribute = row["attribute"]
        rows = self._open[attribute]
        rows.append(row)
        if len(rows) == _BLOCK:
            self._blocks[attribute].append(zlib.compress(json.dumps(rows).encode(), 1))
            rows.clear()

    def about(self, attribute: str) -> list[Mapping[str, Any]]:
        """Return the rows about an attribute in the order in which they were added."""
        blocks = (json.loads(zlib.decompress(block)) for block in self._blocks[attribute])
        return [*chain.from_iterable(blocks), *self._open[attribute]]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for attribute in self._open:
            for block in self._blocks[attribute]:
                yield from json.loads(zlib.decompress(block))
            yield from self._open[attribute]


def question_groups(splits: Mapping[str, Mapping[str, Mapping]]) -> Iterator[tuple[str, str]]:
    """Yield each (config, split) whose shards of questions no other has; `train` is the union of forget and retain.

    `splits` are those of a manifest.
    """
    read: set[str] = set()
    for number, (config, parts) in enumerate(splits.items()):
        for split, part in parts.items():
            has_questions = split != "train" and all(name.startswith("qa/") for name in part["files"])
            if has_questions and (number == 0 or not read & set(part["files"])):
                read |= set(part["files"])
                yield config, split


def read_sample(folder: Path, splits: Mapping[str, Mapping[str, Mapping]]) -> Sample:
    """Return a sample of the texts of a build, the same for the same rows."""
    profiles = [name for part in splits.get("profiles", {}).values() for name in part["files"]]
    subjects = _subjects(
        row for name in profiles for row in parquet_rows(folder / name, _PROFILE_COLUMNS, batch_size=_FEW)
    )
    rows = PackedRows()
    most = max(_LEAST_ROWS, MOST_ROWS // max(1, len(subjects)))
    counts: Counter = Counter()
    default = next(iter(splits))
    for config, split in question_groups(splits):
        part = "test" if split == "test" else "train" if config == default else "other"
        for name in splits[config][split]["files"]:
            for row in parquet_rows(folder / name, _COLUMNS, batch_size=_FEW):
                key = row["profile_id"], config, split
                if row["profile_id"] in subjects and counts[key] < most:
                    counts[key] += 1
                    rows.append(_shortened(row) | {"part": part})
    return Sample(subjects, rows)


def _shortened(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without the ends of long texts and without too many choices."""
    short = {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in row.items()}
    for name in ("options", "paraphrases", "perturbed"):
        short[name] = [text[:_LONGEST] for text in row[name]] if len(row[name]) <= _CHOICES else []
    return short


def _subjects(rows: Iterable[Mapping]) -> dict[str, Subject]:
    """Return the MOST_SUBJECTS subjects of each role whose ids have the smallest checksums."""
    chosen: dict[int, dict[str, Subject]] = {}
    for row in rows:
        values = {pair["attribute"]: pair["value"] for pair in row["fields"]}
        details = {pair["attribute"]: pair["value"] for pair in row["details"]}
        subject = Subject(row["profile_id"], row["domain"], ROLES[row["role"]], {"name": row["name"]} | values, details)
        members = chosen.setdefault(row["role"], {})
        members[subject.id] = subject
        if len(members) >= 2 * MOST_SUBJECTS:
            chosen[row["role"]] = _first(members)
    return {name: subject for members in chosen.values() for name, subject in _first(members).items()}


def _first(members: Mapping[str, Subject]) -> dict[str, Subject]:
    return {name: members[name] for name in sorted(members, key=checksum)[:MOST_SUBJECTS]}


def checksum(text: str) -> tuple[int, str]:
    """Return a key that sorts texts in an order without meaning, the same on every machine."""
    return zlib.crc32(text.encode()), text
