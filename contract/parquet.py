"""Read Parquet files from outside: within bounds, and with one error for whatever pyarrow raises.

A few kilobytes of Parquet can hold gigabytes, since a repeated value is stored once. A file is refused if its footer
declares more than a build or a release has; then values are read encoded, so that their size is known before they are
expanded.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lethebench.contract.errors import DISK_ERRORS, UserError, one_line

MOST_ROWS = 100_000
MOST_VALUES = 5_000_000
"""Values of one column in one row group, nested ones included."""
MOST_TEXT = 256 << 20
"""Bytes of text in a file."""
MOST_PICTURES = 4 << 30
"""Bytes of encoded pictures in a row group, and in a batch of rows."""
_SEALED = "read beyond the footer"
_BATCH, _BATCH_BYTES = 64, 256 << 20
_TEXT_BATCH, _FEW_PICTURES = 1_000, 1 << 16  # rows, where a row group has at most so many bytes of pictures


class ParquetError(UserError):
    """A file that cannot be read as Parquet. The message is the reason alone, in one line, without the file."""


class ParquetTooLarge(ParquetError):
    """A file beyond the bounds of this module."""


@contextmanager
def _opened(path: Path, most_rows: int | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file whose footer is within bounds; raise ParquetError for whatever pyarrow raises inside the block."""
    try:
        with pq.ParquetFile(path) as shard:
            _check_column_chunks(path, shard.metadata)
            if reason := _too_large(shard.metadata, MOST_ROWS if most_rows is None else most_rows):
                raise ParquetTooLarge(reason)
            if maps := [field.name for field in shard.schema_arrow if "map<" in str(field.type)]:
                raise ParquetError(f"column {maps[0]} is a map")  # Arrow aborts the process for some damaged maps
            plain = _flat_pictures(shard)
            names = [path for index, path in enumerate(_leaf_paths(shard.metadata)) if index not in plain]
        with pq.ParquetFile(path, read_dictionary=names, buffer_size=1 << 20, pre_buffer=False) as encoded:
            yield encoded
    except UserError:
        raise
    except Exception as error:  # pyarrow raises OSError, ArrowException, ValueError, UnicodeDecodeError, ...
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise ParquetError(f"cannot be read as Parquet ({one_line(error, 160)})") from error


@contextmanager
def named_file(path: Path) -> Iterator[None]:
    """Raise UserError with the file of a build and what to do for a ParquetError inside."""
    try:
        yield
    except ParquetError as error:
        raise UserError(f"{path} {error}: rebuild it or download it again") from error


def parquet_schema(path: Path, *, most_rows: int | None = None) -> pa.Schema:
    """Return the schema of a file of at most `most_rows` rows, by default MOST_ROWS.

    Raises:
        ParquetError: it cannot be read, or its footer declares more than this module's bounds.
    """
    with _opened(path, most_rows) as shard:
        return _plain_schema(shard.schema_arrow)


def check_parquet(path: Path) -> pa.Schema:
    """Return the schema of a file after reading all its texts, but no picture.

    Raises:
        ParquetError: as `parquet_schema`, or its texts exceed MOST_TEXT.
    """
    with _opened(path) as shard:
        texts = [name for name in _leaf_paths(shard.metadata) if not name.endswith("bytes")]
        for _ in _batches(shard, texts, _TEXT_BATCH):
            pass
        return _plain_schema(shard.schema_arrow)


def parquet_rows(
    path: Path, columns: Sequence[str] | None = None, *, batch_size: int = _BATCH, most_rows: int | None = None
) -> Iterator[dict]:
    """Yield the rows of a file of at most `most_rows` (default MOST_ROWS), at most `batch_size` at a time in memory.

    Of texts without pictures, up to _TEXT_BATCH rows are in memory.

    Raises:
        ParquetError: as `check_parquet`; rows before the fault are yielded.
    """
    with _opened(path, most_rows) as shard:
        for batch in _batches(shard, columns, _rows_at_once(path, shard, batch_size)):
            yield from batch.to_pylist()


def parquet_batches(path: Path, *, batch_size: int = _BATCH) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in batches of at most `batch_size`.

    Raises:
        ParquetError: as `parquet_rows`.
    """
    with _opened(path) as shard:
        yield from _batches(shard, None, _rows_at_once(path, shard, batch_size))


def _batches(shard: pq.ParquetFile, columns: Sequence[str] | None, batch_size: int) -> Iterator[pa.RecordBatch]:
    """Yield the columns of a file in batches of about _BATCH_BYTES at most."""
    text_in_all = 0
    names = None if columns is None else list(columns)
    for group in range(shard.num_row_groups):  # one by one: pyarrow cannot join nested values of two dictionaries
        rows = 0
        for encoded in shard.iter_batches(batch_size=batch_size, row_groups=[group], columns=names, use_threads=False):
            rows += encoded.num_rows
            sizes = [_expanded(column) for column in encoded.columns]
            text, pictures = sum(size[0] for size in sizes), sum(size[1] for size in sizes)
            text_in_all += text
            if text_in_all > MOST_TEXT:
                raise ParquetTooLarge(f"has more than {MOST_TEXT:,} bytes of text")
            if pictures > MOST_PICTURES:
                raise ParquetTooLarge(f"has more than {MOST_PICTURES:,} bytes of pictures in {encoded.num_rows} rows")
            schema = _plain_schema(encoded.schema)
            step = max(1, encoded.num_rows * _BATCH_BYTES // max(1, text + pictures))
            for start in range(0, encoded.num_rows, step):
                yield encoded.slice(start, step).cast(schema)
        if rows != (expected := shard.metadata.row_group(group).num_rows):  # pyarrow stops at the shortest column
            raise ParquetError(f"cannot be read as Parquet ({rows} of {expected} rows in row group {group})")


def _expanded(values: pa.Array) -> tuple[int, int]:
    """Return the bytes of text and numbers, and of pictures, that dictionary-encoded values expand to."""
    if pa.types.is_struct(values.type):
        sizes = [_expanded(child) for child in values.flatten()]
        return sum(text for text, _ in sizes), sum(pictures for _, pictures in sizes)
    if _is_list(values.type):
        return _expanded(values.flatten())
    if not pa.types.is_dictionary(values.type):
        return (0, values.nbytes) if _is_binary(values.type) else (values.nbytes, 0)
    indices = values.indices.drop_null().to_numpy()
    counts = np.bincount(indices, minlength=len(values.dictionary))
    lengths = pc.fill_null(pc.binary_length(values.dictionary), 0).to_numpy(zero_copy_only=False)
    size = int(counts @ lengths)
    return (0, size) if _is_binary(values.type.value_type) else (size, 0)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema without dictionary encoding."""
    return pa.schema([field.with_type(_plain(field.type)) for field in schema], schema.metadata)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_plain(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_plain(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_plain(kind.value_type)))
    return kind


def _leaf_paths(metadata: pq.FileMetaData) -> list[str]:
    """Return the dotted names of the columns; empty for a file without rows.

    Not by `metadata.schema`: in pyarrow 26, it and the metadata keep each other in memory for ever.
    """
    if not metadata.num_row_groups:
        return []
    return [metadata.row_group(0).column(index).path_in_schema for index in range(metadata.num_columns)]


def _flat_pictures(shard: pq.ParquetFile) -> list[int]:
    """Return the columns of pictures, one a row.

    They are not read encoded: pyarrow would keep every picture of a row group, several times.
    """
    flat = set(_flat_paths(shard.schema_arrow))
    paths = _leaf_paths(shard.metadata)
    return [index for index, path in enumerate(paths) if path.endswith("bytes") and path in flat]


def _flat_paths(fields: Iterable[pa.Field], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of the columns outside lists."""
    for field in fields:
        if pa.types.is_struct(field.type):
            yield from _flat_paths(field.type, f"{prefix}{field.name}.")
        elif not _is_list(field.type):
            yield prefix + field.name


def _rows_at_once(path: Path, shard: pq.ParquetFile, batch_size: int) -> int:
    """Return how many rows of pictures expand to _BATCH_BYTES at most, or to one dictionary, at most `batch_size`.

    Rows of texts alone are read _TEXT_BATCH at a time, since each batch takes milliseconds.
    """
    metadata, pictures = shard.metadata, _flat_pictures(shard)
    encoded = [index for index, path in enumerate(_leaf_paths(metadata)) if path.endswith("bytes")]
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    if all(sum(group.column(n).total_uncompressed_size for n in encoded) <= _FEW_PICTURES for group in groups):
        batch_size = max(batch_size, _TEXT_BATCH)
    chunks = [metadata.row_group(g).column(n) for g in range(metadata.num_row_groups) for n in pictures]
    with path.open("rb") as file:
        largest = max((_dictionary_bytes(file, chunk) for chunk in chunks), default=0)
    return max(1, min(batch_size, _BATCH_BYTES // max(1, largest)))


def _dictionary_bytes(file: BinaryIO, column: pq.ColumnChunkMetaData) -> int:
    """Return the unpacked size of a column chunk's dictionary: the second number in the header of its page."""
    if not column.has_dictionary_page:
        return 0
    file.seek(column.dictionary_page_offset)
    header = file.read(32)
    position = 0
    numbers: list[int] = []
    while len(numbers) < 2 and header[position : position + 1] == b"\x15":  # a 32-bit number, one field further
        value = shift = 0
        position += 1
        while position < len(header):
            value |= (header[position] & 0x7F) << shift
            shift, position = shift + 7, position + 1
            if not header[position - 1] & 0x80:
                break
        numbers.append((value >> 1) ^ -(value & 1))
    return numbers[1] if len(numbers) == 2 and numbers[1] >= 0 else MOST_PICTURES


class _Sealed(io.RawIOBase):
    """A file that may be measured but not read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._size

    def tell(self) -> int:
        return self._size

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(_SEALED)


def _check_column_chunks(path: Path, metadata: pq.FileMetaData) -> None:
    """Raise for a footer with damaged column chunks: `metadata.row_group(n).column(n)` aborts the process for some.

    Here pyarrow reads them on its way to the first page, where its errors are caught; the page itself is out of reach.
    """
    sealed = pq.ParquetFile(_Sealed(path.stat().st_size), metadata=metadata, buffer_size=1 << 20, pre_buffer=False)
    for group in range(metadata.num_row_groups):
        try:
            next(sealed.iter_batches(batch_size=1, row_groups=[group], use_threads=False), None)
        except OSError as error:
            if _SEALED not in str(error):
                raise


def _too_large(metadata: pq.FileMetaData, most_rows: int) -> str | None:
    if metadata.num_rows > most_rows:
        return f"has {metadata.num_rows:,} rows; the limit is {most_rows:,}"
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            most = MOST_PICTURES if column.path_in_schema.endswith("bytes") else MOST_TEXT
            if column.total_uncompressed_size > most:
                return f"column {column.path_in_schema} has {column.total_uncompressed_size:,} bytes in a row group"
            if column.num_values > MOST_VALUES:
                return f"column {column.path_in_schema} has {column.num_values:,} values in a row group"
    return None
