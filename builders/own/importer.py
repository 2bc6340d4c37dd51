"""A user's own questions, answers and pictures as a build.

Rows are read once into a database inside the unfinished build; each unit of work reads its own from there, so that
memory does not grow with the data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.base import Import, Release
from lethebench.builders.imports.shared.picture_folder import ENDINGS as PICTURES
from lethebench.builders.imports.shared.pictures import LONGEST, RawPicture, convert
from lethebench.builders.imports.shared.problems import Problems
from lethebench.builders.options import Options, option
from lethebench.builders.own.mapping import EXAMPLE, OwnMap, read_map
from lethebench.builders.own.rows import RowReader
from lethebench.builders.own.store import Store, refuse_twins
from lethebench.builders.own.tables import ENDINGS as TABLES
from lethebench.builders.own.tables import MOST_ROWS, Table, open_table
from lethebench.builders.own.text import NO_PAPER, card_of
from lethebench.builders.own.units import MOST_THUMBNAILS, StoredUnit, shards_of_units, stored_rows, stored_unit
from lethebench.builders.records import Plan, Unit
from lethebench.builders.write.digest import file_hash
from lethebench.contract.columns import ROLES
from lethebench.contract.hub_cache import hub_source
from lethebench.contract.strict_yaml import refuse_unknown

MOST_TASKS = 10_000
_TRAINED = ("forget", "retain")


@dataclass(frozen=True)
class OwnOptions(Options):
    """Options of a build of a user's own data."""

    map: str | None = option(None, str, "a YAML file that maps columns; also `--map FILE`")

    @cached_property
    def own_map(self) -> OwnMap:
        """The content of the map."""
        assert self.map is not None
        return read_map(Path(self.map))

    def record(self) -> dict[str, Any]:
        return {"map": self.own_map.record()}


class Own(Import):
    """A user's own data; `roles`, `tested` and `ranked` say which splits it can fill."""

    NAME = "own"
    VERSION = "1.1.0"
    RELEASE_NOTES = {  # noqa: RUF012
        "1.1.0": "Values of an attribute are candidates for exposure; a column `cloze_prompt`.",
        "1.0.0": "First release.",
    }
    SUMMARY = "your own questions, answers and pictures"
    HUB_FILES = tuple(f"*{ending}" for ending in (*TABLES, *PICTURES))
    PAPER = NO_PAPER
    OPTIONS = OwnOptions

    def __init__(
        self,
        own_map: OwnMap | None = None,
        roles: Sequence[str] = ROLES,
        tested: bool = True,
        ranked: bool = True,
        source: str = "",
    ) -> None:
        tests = ("qa/test-forget", "qa/test-retain") if tested else ()
        splits: dict[str, tuple[str, ...]] = {"train": ("qa/forget", "qa/retain")}
        splits |= {role: (f"qa/{role}",) for role in _TRAINED}
        splits |= {"test": tests} if tests else {}
        splits |= {role: (f"qa/{role}",) for role in roles if role not in _TRAINED}
        self.CONFIGS = {"continual": splits, "profiles": {"train": tuple(f"profiles/{role}" for role in roles)}}
        if ranked:
            self.CONFIGS |= {"candidates": {"train": ("candidates/values",)}}
        self.CARD = card_of(own_map, source)
        columns, extra = own_map.columns if own_map else {}, ["candidates"] if ranked else []
        self.MISSING = {
            **(
                {}
                if tested
                else {
                    "test": "the data have no rows with split `test`, so keep, stability and the score are not measured"
                }
            ),
            **{name: reason for name, reason in _MISSING.items() if name not in (*roles, *columns, *extra)},
        }

    def profile_count(self, size: str | int) -> int:
        if size != "paper":
            raise BuildError(f"--size {size}: own takes all of your data; leave --size out")
        return 0

    def read(self, source: Path, *, size: str | int, options: OwnOptions, workshop: Path, num_proc: int) -> Release:
        if options.map is None:
            table = open_table(source)
            columns = ", ".join(table.columns)[:300]
            raise BuildError(f"own needs --map FILE, a YAML file that maps your columns ({columns}), e.g. {EXAMPLE}")
        own_map = options.own_map
        table = open_table(source, own_map.file)
        for column in own_map.columns.values():
            refuse_unknown([column], table.columns, options.map, "column")
        problems = Problems(table.files[0].name, "repair the data or the map")
        store = Store(workshop)
        try:
            for picture in convert(_stored(table, own_map, store, problems), workshop, num_proc=num_proc):
                store.converted(picture)
                if picture.reason:
                    problems.add(f"does not decode: {picture.reason}", file=picture.name)
            problems.check()
            refuse_twins(store, problems, share=own_map.shared_pictures)
            problems.check()
            tasks = store.number_tasks()
            _check_tasks(table, tasks)
            store.order()
            spans = list(store.spans())
            candidates = store.candidates()
            provenance = _provenance(source, table, store)
            counts = {
                "rows_repeated_left_out": store.repeated,
                "pictures_of_two_subjects": store.shared,
                "tasks_renumbered": len(tasks) if _renumbered(tasks) else 0,
                "columns_left_out": len(set(table.columns) - set(own_map.columns.values())),
            }
        finally:
            store.close()
        roles = [role for role in ROLES if any(span.role == role for span in spans)]
        if missing := [role for role in _TRAINED if role not in roles]:
            raise BuildError(
                f"{table.files[0].name}: no subject to {missing[0]}; a build needs some to forget and some to retain"
            )
        tested = {role: any(span.tests for span in spans if span.role == role) for role in _TRAINED}
        if any(tested.values()) and not all(tested.values()):
            raise BuildError(
                f"{table.files[0].name}: test rows must be about subjects to forget and about subjects to retain"
            )
        benchmark = Own(own_map, roles, all(tested.values()), bool(candidates), provenance["name"])
        units = [stored_unit(span, span.role) for span in spans]
        plan = Plan(
            units,
            workshop,
            len(tasks),
            candidates={attribute: list(values) for attribute, values in candidates.items()},
            attributes={attribute: _figures(values) for attribute, values in candidates.items()},
            shards=shards_of_units(units),
        )
        return Release(benchmark, plan, provenance, counts)

    def rows(self, unit: Unit, shared: Path) -> dict[str, list[dict]]:
        assert isinstance(unit, StoredUnit)
        return stored_rows(unit, shared, self.NAME)

    def facts(self) -> dict[str, Any]:
        return {"longest": LONGEST, "thumbnails": MOST_THUMBNAILS}


_MISSING = {
    "holdout": "the data have no subjects with role `holdout`",
    "candidates": "no attribute of the map has from 2 to 512 short values, so exposure and the score are not measured",
    "paraphrases": "the map names no column with other wordings of an answer",
    "perturbed": "the map names no column with wrong answers, so truth ratio, keep and the score are not measured",
}


def _figures(counts: Mapping[str, int]) -> dict[str, float]:
    """Return an attribute's figures for the manifest, from the trained rows with each value."""
    trained = [count for count in counts.values() if count]
    return {
        "candidates": len(counts),
        "values": len(trained),
        "most_common": round(max(trained, default=0) / max(1, sum(trained)), 4),
    }


def _stored(table: Table, own_map: OwnMap, store: Store, problems: Problems) -> Iterator[RawPicture]:
    """Read every row into the store; yield each picture the first time it occurs."""
    reader = RowReader(own_map, table.root)
    number = -1
    for number, raw in enumerate(table.rows()):
        if number >= MOST_ROWS:
            problems.add(f"more than {MOST_ROWS:,} rows", row=number)
            break
        with problems.at("", number):
            row = reader.read(raw)
            if row.role not in _TRAINED and row.texts.get("split") == "test":
                raise ValueError(f"split test, but its subject is {row.role}: only trained subjects have a test split")
            for index in store.add(number, row, share=own_map.shared_pictures):
                yield row.pictures[index]
    if number < 0:
        problems.add("has no row")


def _renumbered(tasks: Sequence[str]) -> bool:
    """Return whether the data number tasks themselves, otherwise than from 0 without holes."""
    return all(name.isdecimal() for name in tasks) and tasks != [str(number) for number in range(len(tasks))]


def _check_tasks(table: Table, tasks: Sequence[str]) -> None:
    if not tasks:
        raise BuildError(f"{table.files[0].name}: no subject has a task, so nothing is to be forgotten")
    if len(tasks) > MOST_TASKS:
        raise BuildError(f"{table.files[0].name}: {len(tasks):,} tasks; the limit is {MOST_TASKS:,}")


def _provenance(source: Path, table: Table, store: Store) -> dict[str, Any]:
    """Return name, number of files with rows and pictures, and a hash over theirs."""
    total = sha256()
    for path in table.files:
        total.update(file_hash(path).encode())
    for digest in store.picture_hashes():
        total.update(digest.encode())
    name = hub_source(source) or source.resolve().name.encode("utf-8", "replace").decode()
    return {"name": name, "files": len(table.files) + store.count("pictures"), "sha256": total.hexdigest()}
