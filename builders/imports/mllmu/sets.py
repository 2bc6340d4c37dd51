"""Who is in which set of MLLMU-Bench: the records of a download, and the sets to forget and to retain by ID."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.mllmu.release import NOTES, TASKS, Asked, identity, pictures, questions, tuning_pairs
from lethebench.builders.imports.shared.parquet import open_shard, rows_of, shards_of
from lethebench.builders.imports.shared.photos import Raw
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.write.digest import file_hash

RECORDS = {"Full_Set": "train", "Test_Set": "test", "Retain_Set": "neighbour"}
"""Config of the release -> what its records are for; `Retain_Set` holds the public figures."""
SHARES = (5, 10, 15)
TUNING = "ft_Data"


@dataclass(frozen=True)
class Record:
    """A person in one config: their questions, and what else the release says of them."""

    id: str
    asked: tuple[Asked, ...]
    pictures: tuple[str, ...]
    notes: Mapping[str, str]


@dataclass
class Download:
    """A download of MLLMU-Bench.

    Attributes:
        root: its folder.
        records: config -> ID -> record.
        forget: share -> the IDs to forget.
        tuning: ID -> the `metadata` of `ft_Data`, as released.
        pairs: ID -> how many pairs of question and answer that holds.
        left_out: columns that nothing is made of.
        shards: config -> its files.
    """

    root: Path
    records: dict[str, dict[str, Record]] = field(default_factory=lambda: {name: {} for name in RECORDS})
    forget: dict[int, list[str]] = field(default_factory=dict)
    tuning: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    shards: dict[str, list[Path]] = field(default_factory=dict)

    def nested(self) -> bool:
        """Whether each set to forget holds the one before and more, so that they make a sequence."""
        sets = [set(), *(set(self.forget[share]) for share in SHARES)]
        return all(small < large for small, large in pairwise(sets))

    def provenance(self) -> dict[str, Any]:
        """Name, number and hash of the files that were read."""
        files = sorted(path for paths in self.shards.values() for path in paths)
        lines = "".join(f"{path.relative_to(self.root).as_posix()}\0{file_hash(path)}\n" for path in files)
        name = self.root.resolve().name.encode("utf-8", "replace").decode()
        return {"name": name, "files": len(files), "sha256": sha256(lines.encode("utf-8", "replace")).hexdigest()}


def open_download(source: Path, problems: Problems) -> Download:
    """Finds a download's files.

    Raises:
        BuildError: a folder or shard is missing; all are named.
    """
    if not source.is_dir():
        raise BuildError(
            f"--from {source}: give the folder of a download of MLLMU-Bench, with Full_Set/, forget_5/ and so on in it"
        )
    sets = [f"{kind}_{share if kind == 'forget' else 100 - share}" for share in SHARES for kind in ("forget", "retain")]
    found = Download(source)
    found.shards = {name: shards_of(source, name, problems) for name in (*RECORDS, *sets)}
    if not any(found.shards.values()):
        raise BuildError(f"{source.name}: not a download of MLLMU-Bench (no Full_Set/ with Parquet files in it)")
    if (source / TUNING).exists():
        found.shards[TUNING] = shards_of(source, TUNING, problems)
    problems.check()
    return found


def read_records(found: Download, problems: Problems) -> Iterator[Raw]:
    """Reads every record into `found`, and yields the pictures as they come, so that none stays in memory."""
    for config in RECORDS:
        picture = "images" if config == "Test_Set" else "image"
        for name, columns, shard in _shards(found, config, ("ID", picture, *TASKS), problems):
            notes = [column for column in NOTES if column in columns]
            found.left_out |= {f"{config}.{column}" for column in columns} - {
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
                    if record.id in found.records[config]:
                        raise ValueError(f"ID {record.id} stands twice in {config}")
                except ValueError as error:
                    problems.add(str(error), file=name, row=number)
                    continue
                found.records[config][record.id] = record
                yield from map(Raw, record.pictures, pictures(row))


def read_sets(found: Download, problems: Problems) -> None:
    """Reads who is to be forgotten and retained, and what `ft_Data` says; whatever does not fit becomes a problem."""
    people = found.records["Full_Set"]
    for person in sorted(found.records["Test_Set"].keys() - people.keys()):
        problems.add(f"ID {person} is not in Full_Set", file="Test_Set")
    for share in SHARES:
        found.forget[share] = list(_ids(found, f"forget_{share}", problems))
        kept = set(_ids(found, f"retain_{100 - share}", problems))
        for person in sorted(kept & set(found.forget[share])):
            problems.add(f"ID {person} is in forget_{share} as well", file=f"retain_{100 - share}")
        for person in sorted(people.keys() - kept - set(found.forget[share])):
            problems.add(
                f"ID {person} of Full_Set is neither in it nor in retain_{100 - share}", file=f"forget_{share}"
            )
    for name, _, shard in _shards(found, TUNING, ("ID", "metadata"), problems):
        for number, row in rows_of(shard, name, ["ID", "metadata"], problems):
            try:
                person = identity(row["ID"])
                if person not in people:
                    raise ValueError(f"ID {person} is not in Full_Set")
                if person in found.tuning:
                    raise ValueError(f"ID {person} stands twice in {TUNING}")
                found.pairs[person] = tuning_pairs(row["metadata"])
                found.tuning[person] = row["metadata"]
            except ValueError as error:
                problems.add(str(error), file=name, row=number)


def _ids(found: Download, config: str, problems: Problems) -> dict[str, None]:
    ids: dict[str, None] = {}
    for name, _, shard in _shards(found, config, ("ID",), problems):
        for number, row in rows_of(shard, name, ["ID"], problems):
            try:
                person = identity(row["ID"])
                if person in ids:
                    raise ValueError(f"ID {person} stands twice in {config}")
                if person not in found.records["Full_Set"]:
                    raise ValueError(f"ID {person} is not in Full_Set")
                ids[person] = None
            except ValueError as error:
                problems.add(str(error), file=name, row=number)
    return ids


def _shards(
    found: Download, config: str, needed: Sequence[str], problems: Problems
) -> Iterator[tuple[str, list[str], Path]]:
    """Yields (name, columns, path) of each of a config's files that can be read."""
    for shard in found.shards.get(config, ()):
        name = shard.relative_to(found.root).as_posix()
        columns = open_shard(shard, name, needed, problems)
        if columns is not None:
            yield name, columns, shard
