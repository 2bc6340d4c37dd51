"""Turn one unit of work into tables, with a digest of every row; runs in a worker process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa

from lethebench.builders.base import Benchmark
from lethebench.builders.records import Unit
from lethebench.builders.write.digest import row_digest


@dataclass(frozen=True)
class UnitContext:
    """What every unit needs: the benchmark, what its records share, and group -> schema."""

    benchmark: Benchmark
    shared: Any
    schemas: Mapping[str, pa.Schema]


@dataclass(frozen=True)
class UnitTable:
    """A unit's rows in one group of shards, a digest of each, and SHA-256 of the distinct pictures in `images`."""

    table: pa.Table
    digests: list[bytes]
    pictures: set[bytes]


def unit_tables(unit: Unit, context: UnitContext) -> dict[str, UnitTable]:
    """Return group -> the unit's rows in it."""
    rows = context.benchmark.rows(unit, context.shared)
    return {group: unit_table(rows[group], context.schemas[group]) for group in unit.groups}


def unit_table(rows: Sequence[dict], schema: pa.Schema) -> UnitTable:
    """Return rows as a table with their digests."""
    pictures = {picture["bytes"] for row in rows for picture in row.get("images", ())}
    hashes = {sha256(picture).digest() for picture in pictures}
    return UnitTable(pa.Table.from_pylist(rows, schema=schema), [row_digest(row) for row in rows], hashes)
