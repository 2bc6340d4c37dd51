"""Read a release's Parquet files a few rows at a time, and refuse files larger than any release's."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.builders.errors import first_line
from lethebench.builders.imports.shared.problems import Problems

MOST_ROWS = 100_000
MOST_VALUES = 5_000_000
"""Values of one column in one row group, nested ones included."""
MOST_TEXT, MOST_PICTURES = 256 << 20, 4 << 30
"""Bytes of one column of text and of pictures in one row group."""
_BATCH = 4
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")


def shards_of(root: Path, config: str, problems: Problems) -> list[Path]:
    """Return the Parquet files of a config's folder, in order; a missing folder or shard becomes a problem."""
    folder = root / config
    files = sorted(path for path in folder.rglob("*.parquet") if path.is_file()) if folder.is_dir() else []
    if not files:
        problems.add("is missing: no Parquet file in it" if folder.is_dir() else "is missing", file=f"{config}/")
        return []
    numbers = [match.groups() for path in files if (match := _SHARD.search(path.name))]
    if len(numbers) == len(files):
        present = {int(number) for number, _ in numbers}
        count = max(int(number) for _, number in numbers)
        for number in sorted(set(range(count)) - present)[:100]:
            problems.add("is missing", file=f"{config}/*-{number:05d}-of-{count:05d}.parquet")
    return files


def open_shard(path: Path, name: str, required: Sequence[str], problems: Problems) -> list[str] | None:
    """Return the columns of a file, or None and a problem if it is too large or lacks a required column."""
    try:
        with pq.ParquetFile(path) as shard:
            columns, metadata = shard.schema_arrow.names, shard.metadata
            reason = _too_large(metadata)
    except (OSError, pa.ArrowException, ValueError) as error:
        problems.add(f"cannot be read as Parquet ({first_line(error)})", file=name)
        return None
    if reason:
        problems.add(reason, file=name)
        return None
    if missing := [column for column in required if column not in columns]:
        problems.add(f"has no column {', '.join(missing)} (it has {', '.join(columns)[:200]})", file=name)
        return None
    return columns


def rows_of(path: Path, name: str, columns: Sequence[str], problems: Problems) -> Iterator[tuple[int, dict]]:
    """Yield (row number, row) of a file; an unreadable part becomes a problem."""
    number = 0
    try:
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as shard:
            for batch in shard.iter_batches(batch_size=_BATCH, columns=list(columns), use_threads=False):
                for row in batch.to_pylist():
                    yield number, row
                    number += 1
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        problems.add(f"cannot be read further ({first_line(error)})", file=name, row=number)


def _too_large(metadata: pq.FileMetaData) -> str | None:
    if metadata.num_rows > MOST_ROWS:
        return f"has {metadata.num_rows:,} rows; the limit is {MOST_ROWS:,}"
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            most = MOST_PICTURES if column.path_in_schema.endswith("bytes") else MOST_TEXT
            if column.total_uncompressed_size > most:
                return f"column {column.path_in_schema} has {column.total_uncompressed_size:,} bytes in a row group"
            if column.num_values > MOST_VALUES:
                return f"column {column.path_in_schema} has {column.num_values:,} values in a row group"
    return None
