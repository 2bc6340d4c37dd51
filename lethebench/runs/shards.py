"""Read the Parquet files of a build as a dataset that is mapped into memory, cached by their content."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, config
from filelock import FileLock

from lethebench.builders.write.columns import FEATURES
from lethebench.contract.own_folder import new_file
from lethebench.contract.parquet import named_file, parquet_batches, parquet_schema
from lethebench.errors import UserError

BATCH_ROWS = 100


def read_shards(shards: Sequence[Path], hashes: Sequence[str]) -> Dataset:
    """Return the rows of Parquet files in their order, pictures as bytes in the file.

    Where no cache can be written (a read-only home directory), the rows are held in memory.

    Args:
        shards: the files, 1 or more.
        hashes: SHA-256 of each file, the key of the cache.

    Raises:
        UserError: a file cannot be read, is larger than `contract.parquet` allows or has other columns, or a picture is
            a path or URL instead of bytes.
    """
    key = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    cached = Path(config.HF_DATASETS_CACHE) / "lethebench" / key / "rows.arrow"
    try:
        if not cached.is_file():
            cached.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(cached.with_suffix(".lock")), new_file(cached) as unfinished:
                _copy(shards, unfinished)
        return Dataset.from_file(str(cached))
    except (OSError, NotImplementedError):  # filelock raises NotImplementedError where there are no locks
        return Dataset(pa.Table.from_batches(_batches(shards), schema=_schema(shards)))


def _copy(shards: Sequence[Path], target: Path) -> None:
    """Write the rows as an Arrow stream."""
    with target.open("wb") as file, pa.ipc.new_stream(file, _schema(shards)) as writer:
        for batch in _batches(shards):
            writer.write_batch(batch)


def _schema(shards: Sequence[Path]) -> pa.Schema:
    """Return the schema of the files; raise UserError if one has other columns than its kind of rows."""
    expected = FEATURES.get(shards[0].parent.name, Features()).arrow_schema
    for shard in shards:
        with named_file(shard):
            schema = parquet_schema(shard)
        if not expected.names or not schema.equals(expected):
            raise UserError(f"{shard} has other columns than a build: `lethe verify` names them; rebuild it")
    return expected


def _batches(shards: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for shard in shards:
        with named_file(shard):
            for batch in parquet_batches(shard, batch_size=BATCH_ROWS):
                _check_pictures(shard, batch)
                yield batch


def _check_pictures(shard: Path, batch: pa.RecordBatch) -> None:
    """Raise UserError if a picture of a column `images` has no bytes: its path would be opened or fetched."""
    if "images" not in batch.schema.names:
        return
    pictures: Any = batch["images"].flatten()
    without_bytes = pictures.filter(pc.is_null(pictures.field("bytes")))
    if len(without_bytes):
        named = next((path for path in without_bytes.field("path").to_pylist() if path), None)
        raise UserError(f"{shard}: a picture is {named or 'empty'!r} instead of bytes: do not use this build")
