"""Reads a release's Parquet files row by row, a few rows in memory at a time, and refuses files that no release has."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.builders.imports.shared.problems import Problems

MOST_ROWS = 100_000
MOST_VALUES = 5_000_000
"""Values of one column in one row group, nested ones included."""
MOST_TEXT, MOST_PICTURES = 256 << 20, 4 << 30
"""Bytes of one column of text and of pictures in one row group."""
_AT_ONCE = 4
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")


def shards_of(root: Path, config: str, problems: Problems) -> list[Path]:
    """The Parquet files of a config's folder, in order; a missing folder or shard becomes a problem."""
    folder = root / config
    files = sorted(path for path in folder.rglob("*.parquet") if path.is_file()) if folder.is_dir() else []
    if not files:
        problems.add("is missing: no Parquet file in it" if folder.is_dir() else "is missing", file=f"{config}/")
        return []
    numbers = [match.groups() for path in files if (match := _SHARD.search(path.name))]
    if len(numbers) == len(files):
        there = {int(number) for number, _ in numbers}
        count = max(int(number) for _, number in numbers)
        for number in sorted(set(range(count)) - there)[:100]:
            problems.add("is missing", file=f"{config}/*-{number:05d}-of-{count:05d}.parquet")
    return files


def open_shard(path: Path, name: str, needed: Sequence[str], problems: Problems) -> list[str] | None:
    """The columns of a file, None where it is not what a release has; that becomes a problem.

    Args:
        name: of the file in messages.
        needed: columns that must be there.
    """
    try:
        with pq.ParquetFile(path) as shard:
            columns, data = shard.schema_arrow.names, shard.metadata
            reason = _too_large(data)
    except (OSError, pa.ArrowException, ValueError) as error:
        problems.add(f"cannot be read as Parquet ({_first_line(error)})", file=name)
        return None
    if reason:
        problems.add(reason, file=name)
        return None
    if missing := [column for column in needed if column not in columns]:
        problems.add(f"has no column {', '.join(missing)} (it has {', '.join(columns)[:200]})", file=name)
        return None
    return columns


def rows_of(path: Path, name: str, columns: Sequence[str], problems: Problems) -> Iterator[tuple[int, dict]]:
    """Yields (row number, row) of a file; what cannot be read becomes a problem."""
    number = 0
    try:
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as shard:
            for batch in shard.iter_batches(batch_size=_AT_ONCE, columns=list(columns), use_threads=False):
                for row in batch.to_pylist():
                    yield number, row
                    number += 1
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        problems.add(f"cannot be read on ({_first_line(error)})", file=name, row=number)


def _too_large(data: pq.FileMetaData) -> str | None:
    if data.num_rows > MOST_ROWS:
        return f"has {data.num_rows:,} rows; at most {MOST_ROWS:,} are read"
    for group in range(data.num_row_groups):
        for at in range(data.num_columns):
            column = data.row_group(group).column(at)
            most = MOST_PICTURES if column.path_in_schema.endswith("bytes") else MOST_TEXT
            if column.total_uncompressed_size > most:
                return f"column {column.path_in_schema} has {column.total_uncompressed_size:,} bytes in a row group"
            if column.num_values > MOST_VALUES:
                return f"column {column.path_in_schema} has {column.num_values:,} values in a row group"
    return None


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:160] if text else type(error).__name__
