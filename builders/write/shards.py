"""Write Parquet shards: one row group per unit of work, every picture once, nothing kept in memory."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PROFILES_PER_SHARD = 125
"""At 9 pages of 142 KB each, a shard is about 150 MB."""

_FILTERED = ("id", "profile_id", "task_id", "retain_task_id", "role", "attribute", "domain", "name")


class ShardWriter:
    """Write the `units` tables of a group of rows, evenly, to `shards` files.

    The files of `qa/forget` are `qa/forget-00000-of-00004.parquet` and so on.
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
        """Write a table as one row group, or nothing if it is empty."""
        shard = self._added * self.shards // self.units
        if self._added == 0 or shard != (self._added - 1) * self.shards // self.units:
            self.close()
            path = self.folder / self.names[shard]
            path.parent.mkdir(exist_ok=True)
            self._writer = open_parquet(path, self.schema)
        assert self._writer is not None
        if table.num_rows:  # datasets 5.2 fails on a file whose first row group is empty
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._added += 1

    def close(self) -> None:
        """Close the open file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


def open_parquet(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer whose dictionary pages hold all pictures of a row group, so that a shared one is stored once."""
    leaves = _leaves(schema)
    return pq.ParquetWriter(
        path,
        schema,
        use_dictionary=True,
        dictionary_pagesize_limit=1 << 30,
        # Encoded pictures do not get any smaller.
        compression={leaf: "none" if leaf.endswith(".bytes") else "zstd" for leaf in leaves},
        # Statistics let a reader skip the row groups of other tasks.
        write_statistics=[leaf for leaf in leaves if leaf in _FILTERED],
    )


def _leaves(schema: pa.Schema) -> list[str]:
    """Return the dotted names of the Parquet columns that a schema becomes."""
    names: list[str] = []

    def walk(name: str, data_type: pa.DataType) -> None:
        if pa.types.is_struct(data_type):
            for field in data_type:
                walk(f"{name}.{field.name}", field.type)
        elif pa.types.is_list(data_type):
            walk(f"{name}.list.element", data_type.value_type)
        else:
            names.append(name)

    for field in schema:
        walk(field.name, field.type)
    return names
