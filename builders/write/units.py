"""What a process does with one unit of work: rows to tables, with digests."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa

from lethebench.builders.base import Benchmark, Unit
from lethebench.builders.write.digest import row_digest


@dataclass(frozen=True)
class Task:
    """What every unit needs: the benchmark, what its rows share, and group -> schema."""

    benchmark: Benchmark
    shared: Any
    schemas: dict[str, pa.Schema]


@dataclass(frozen=True)
class Made:
    """A unit's rows in one group.

    Attributes:
        table: the rows.
        digests: one per row.
        pictures: SHA-256 of the different pictures that they carry in `images`.
    """

    table: pa.Table
    digests: list[bytes]
    pictures: set[bytes]


def make(unit: Unit, task: Task) -> dict[str, Made]:
    """The rows of a unit by group."""
    rows = task.benchmark.rows(unit, task.shared)
    return {group: made(rows[group], task.schemas[group]) for group in unit.groups}


def made(rows: list[dict], schema: pa.Schema) -> Made:
    """Rows as a table with their digests."""
    pictures = {picture["bytes"] for row in rows for picture in row.get("images", ())}
    hashes = {sha256(picture).digest() for picture in pictures}
    return Made(pa.Table.from_pylist(rows, schema=schema), [row_digest(row) for row in rows], hashes)
