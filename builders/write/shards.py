"""Parquet shards: one row group per unit of work, every picture once, nothing kept in memory."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PROFILES_PER_SHARD = 125
"""At 9 pages of 142 KB each, a shard is about 150 MB."""

_FILTERED = ("id", "profile_id", "task_id", "retain_task_id", "role", "attribute", "domain", "name")


class ShardWriter:
    """Writes one group of rows, e.g. `qa/forget`, as `qa/forget-00000-of-00004.parquet` and so on.

    Args:
        folder: the build.
        group: folder and name of the shards.
        schema: of the tables to come.
        units: how many tables will come.
        shards: over how many files they are spread, evenly.
    """

    def __init__(self, folder: Path, group: str, schema: pa.Schema, *, units: int, shards: int) -> None:
        self.folder, self.group, self.schema = folder, group, schema
        self.units, self.shards = units, min(shards, units)
        self._added = 0
        self._writer: pq.ParquetWriter | None = None

    @property
    def names(self) -> list[str]:
        """The files of the group, relative to the build."""
        return [f"{self.group}-{n:05d}-of-{self.shards:05d}.parquet" for n in range(self.shards)]

    def add(self, table: pa.Table) -> None:
        """Writes a table as a row group of its own."""
        shard = self._added * self.shards // self.units
        if self._added == 0 or shard != (self._added - 1) * self.shards // self.units:
            self.close()
            path = self.folder / self.names[shard]
            path.parent.mkdir(exist_ok=True)
            self._writer = open_parquet(path, self.schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._added += 1

    def close(self) -> None:
        """Ends the file that is open."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


def open_parquet(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer whose dictionary pages hold all pictures of a row group, so that a shared one is stored once."""
    leaves = _leaves(schema)
    return pq.ParquetWriter(
        path,
        schema,
        use_dictionary=True,
        dictionary_pagesize_limit=1 << 30,
        # Encoded pictures do not get smaller; everything else does.
        compression={leaf: "none" if leaf.endswith(".bytes") else "zstd" for leaf in leaves},
        # Statistics let a reader skip the row groups of other tasks.
        write_statistics=[leaf for leaf in leaves if leaf in _FILTERED],
    )


def _leaves(schema: pa.Schema) -> list[str]:
    """Dotted names of the Parquet columns that a schema becomes."""
    found: list[str] = []

    def walk(name: str, kind: pa.DataType) -> None:
        if pa.types.is_struct(kind):
            for field in kind:
                walk(f"{name}.{field.name}", field.type)
        elif pa.types.is_list(kind):
            walk(f"{name}.list.element", kind.value_type)
        else:
            found.append(name)

    for field in schema:
        walk(field.name, field.type)
    return found
