"""Read Parquet files from outside: within bounds, and with one error for whatever pyarrow raises.

A few kilobytes of Parquet can hold gigabytes of text, since a repeated text is stored once. A file is refused if its
footer declares more than a build or a release has, and reading stops when its texts exceed the same bound.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.contract.errors import DISK_ERRORS, UserError, one_line

MOST_ROWS = 100_000
MOST_VALUES = 5_000_000
"""Values of one column in one row group, nested ones included."""
MOST_TEXT = 256 << 20
"""Bytes of text in a file, and of one column of text in a row group."""
MOST_PICTURES = 4 << 30
"""Bytes of one column of encoded pictures in a row group."""
_BATCH = 64  # rows


class ParquetError(UserError):
    """A file that cannot be read as Parquet. The message is the reason alone, in one line, without the file."""


class ParquetTooLarge(ParquetError):
    """A file beyond the bounds of this module."""


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file whose footer is within bounds; raise ParquetError for whatever pyarrow raises inside the block."""
    try:
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as shard:
            if reason := _too_large(shard.metadata):
                raise ParquetTooLarge(reason)
            yield shard
    except UserError:
        raise
    except Exception as error:  # pyarrow raises OSError, ArrowException, ValueError, UnicodeDecodeError, ...
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise ParquetError(f"cannot be read as Parquet ({one_line(error, 160)})") from error


def parquet_schema(path: Path) -> pa.Schema:
    """Return the schema of a file.

    Raises:
        ParquetError: it cannot be read, or its footer declares more than this module's bounds.
    """
    with _opened(path) as shard:
        return shard.schema_arrow


def check_parquet(path: Path) -> pa.Schema:
    """Return the schema of a file after reading all its texts, but no picture.

    Raises:
        ParquetError: as `parquet_schema`, or its texts exceed MOST_TEXT.
    """
    with _opened(path) as shard:
        names = [shard.metadata.schema.column(index).path for index in range(shard.metadata.num_columns)]
        for _ in _batches(shard, [name for name in names if not name.endswith("bytes")], _BATCH):
            pass
        return shard.schema_arrow


def parquet_rows(path: Path, columns: Sequence[str] | None = None, *, batch_size: int = _BATCH) -> Iterator[dict]:
    """Yield the rows of a file, at most `batch_size` at a time in memory.

    Raises:
        ParquetError: as `check_parquet`; rows before the fault are yielded.
    """
    with _opened(path) as shard:
        for batch in _batches(shard, columns, batch_size):
            yield from batch.to_pylist()


def _batches(shard: pq.ParquetFile, columns: Sequence[str] | None, batch_size: int) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file in batches; raise ParquetTooLarge when their texts exceed MOST_TEXT."""
    total = 0
    batch_size = max(1, min(batch_size, MOST_TEXT // max(1, _largest_text(shard.metadata))))
    names = None if columns is None else list(columns)
    for batch in shard.iter_batches(batch_size=batch_size, columns=names, use_threads=False):
        total += sum(_text_bytes(column) for column in batch.columns)
        if total > MOST_TEXT:
            raise ParquetTooLarge(f"has more than {MOST_TEXT:,} bytes of text")
        yield batch


def _text_bytes(values: pa.Array) -> int:
    if pa.types.is_struct(values.type):
        return sum(_text_bytes(child) for child in values.flatten())
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return _text_bytes(values.flatten())
    return 0 if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type) else values.nbytes


def _largest_text(metadata: pq.FileMetaData) -> int:
    """Return the bytes of the largest chunk of text, which bounds the longest text."""
    chunks = (
        metadata.row_group(group).column(index)
        for group in range(metadata.num_row_groups)
        for index in range(metadata.num_columns)
    )
    return max((c.total_uncompressed_size for c in chunks if not c.path_in_schema.endswith("bytes")), default=0)


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
