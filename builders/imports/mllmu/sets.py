"""Read a download of MLLMU-Bench: its records, and who is in which set to forget and to retain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.mllmu.release import (
    NOTES,
    TASKS,
    ReleasedQuestion,
    identity,
    pictures,
    questions,
    tuning_pairs,
)
from lethebench.builders.imports.shared.parquet import open_shard, rows_of, shards_of
from lethebench.builders.imports.shared.pictures import RawPicture
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.write.digest import file_hash

RECORDS = {"Full_Set": "train", "Test_Set": "test", "Retain_Set": "neighbour"}
"""Config of the release -> use of its records; `Retain_Set` holds the public figures."""
SHARES = (5, 10, 15)
TUNING = "ft_Data"


@dataclass(frozen=True)
class Record:
    """A person in one config: questions, names of pictures, and further columns."""

    id: str
    questions: tuple[ReleasedQuestion, ...]
    pictures: tuple[str, ...]
    notes: Mapping[str, str]


@dataclass
class Download:
    """A download of MLLMU-Bench.

    Attributes:
        root: its folder.
        records: config -> ID -> record.
        forget: share -> the IDs to forget, in order, as keys.
        tuning: ID -> the `metadata` of `ft_Data`, as released.
        pairs: ID -> number of question-answer pairs in it.
        left_out: columns that are not used.
        shards: config -> its files.
    """

    root: Path
    records: dict[str, dict[str, Record]] = field(default_factory=lambda: {name: {} for name in RECORDS})
    forget: dict[int, dict[str, None]] = field(default_factory=dict)
    tuning: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    shards: dict[str, list[Path]] = field(default_factory=dict)

    def shares(self, person: str) -> tuple[int, ...]:
        """Return the shares whose sets to forget hold a person."""
        return tuple(share for share in SHARES if person in self.forget[share])

    def nested(self) -> bool:
        """Return whether each set to forget holds the one before and more, so that they make a sequence."""
        sets: list[set[str]] = [set(), *(set(self.forget[share]) for share in SHARES)]
        return all(small < large for small, large in pairwise(sets))

    def provenance(self) -> dict[str, Any]:
        """Return name, number and hash of the files that were read."""
        files = sorted(path for paths in self.shards.values() for path in paths)
        lines = "".join(f"{path.relative_to(self.root).as_posix()}\0{file_hash(path)}\n" for path in files)
        name = self.root.resolve().name.encode("utf-8", "replace").decode()
        return {"name": name, "files": len(files), "sha256": sha256(lines.encode("utf-8", "replace")).hexdigest()}


def open_download(source: Path, problems: Problems) -> Download:
    """Find a download's files; raise BuildError listing all folders and shards that are missing."""
    if not source.is_dir():
        raise BuildError(
            f"--from {source}: give the folder of a download of MLLMU-Bench, with Full_Set/, forget_5/ and so on in it"
        )
    sets = [f"{kind}_{share if kind == 'forget' else 100 - share}" for share in SHARES for kind in ("forget", "retain")]
    download = Download(source)
    download.shards = {name: shards_of(source, name, problems) for name in (*RECORDS, *sets)}
    if not any(download.shards.values()):
        raise BuildError(f"{source.name}: not a download of MLLMU-Bench (no Full_Set/ with Parquet files in it)")
    if (source / TUNING).exists():
        download.shards[TUNING] = shards_of(source, TUNING, problems)
    problems.check()
    return download


def read_records(download: Download, problems: Problems) -> Iterator[RawPicture]:
    """Read every record into `download`; yield each picture as it is read, so that none stays in memory."""
    for config in RECORDS:
        picture = "images" if config == "Test_Set" else "image"
        for name, columns, shard in _shards(download, config, ("ID", picture, *TASKS), problems):
            notes = [column for column in NOTES if column in columns]
            download.left_out |= {f"{config}.{column}" for column in columns} - {
                f"{config}.{column}" for column in ("ID", picture, *TASKS, *NOTES)
            }
            for number, row in rows_of(shard, name, ["ID", picture, *TASKS, *notes], problems):
                try:
                    record = Record(
                        identity(row["ID"]),
                        tuple(questions(row)),
                        tuple(f"{name} row {number} picture {n}" for n in range(len(pictures(row)))),
                        {note: str(row[note]).strip() for note in notes if row[note] is not None},
                    )
                    if record.id in download.records[config]:
                        raise ValueError(f"ID {record.id} occurs twice in {config}")
                except ValueError as error:
                    problems.add(str(error), file=name, row=number)
                    continue
                download.records[config][record.id] = record
                yield from map(RawPicture, record.pictures, pictures(row))


def read_sets(download: Download, problems: Problems) -> None:
    """Read who is to be forgotten and retained, and `ft_Data`; contradictions become problems."""
    people = download.records["Full_Set"]
    for person in sorted(download.records["Test_Set"].keys() - people.keys()):
        problems.add(f"ID {person} is not in Full_Set", file="Test_Set")
    for share in SHARES:
        forget = download.forget[share] = _ids(download, f"forget_{share}", problems)
        retain = _ids(download, f"retain_{100 - share}", problems)
        for person in sorted(retain.keys() & forget.keys()):
            problems.add(f"ID {person} is in forget_{share} as well", file=f"retain_{100 - share}")
        for person in sorted(people.keys() - retain.keys() - forget.keys()):
            problems.add(
                f"ID {person} of Full_Set is neither in it nor in retain_{100 - share}", file=f"forget_{share}"
            )
    for name, _, shard in _shards(download, TUNING, ("ID", "metadata"), problems):
        for number, row in rows_of(shard, name, ["ID", "metadata"], problems):
            with problems.at(name, number):
                person = identity(row["ID"])
                if person not in people:
                    raise ValueError(f"ID {person} is not in Full_Set")
                if person in download.tuning:
                    raise ValueError(f"ID {person} occurs twice in {TUNING}")
                download.pairs[person] = tuning_pairs(row["metadata"])
                download.tuning[person] = row["metadata"]


def _ids(download: Download, config: str, problems: Problems) -> dict[str, None]:
    """Return the IDs of a config, in order, as the keys of a dictionary."""
    ids: dict[str, None] = {}
    for name, _, shard in _shards(download, config, ("ID",), problems):
        for number, row in rows_of(shard, name, ["ID"], problems):
            with problems.at(name, number):
                person = identity(row["ID"])
                if person in ids:
                    raise ValueError(f"ID {person} occurs twice in {config}")
                if person not in download.records["Full_Set"]:
                    raise ValueError(f"ID {person} is not in Full_Set")
                ids[person] = None
    return ids


def _shards(
    download: Download, config: str, required: Sequence[str], problems: Problems
) -> Iterator[tuple[str, list[str], Path]]:
    """Yield (name, columns, path) of each readable file of a config."""
    for shard in download.shards.get(config, ()):
        name = shard.relative_to(download.root).as_posix()
        columns = open_shard(shard, name, required, problems)
        if columns is not None:
            yield name, columns, shard
