"""Find a release's Parquet files and read them a few rows at a time."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lethebench.builders.imports.shared.problems import Problems
from lethebench.contract.parquet import ParquetError, parquet_rows, parquet_schema

_BATCH = 4  # rows with pictures
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
        columns = parquet_schema(path).names
    except ParquetError as error:
        problems.add(str(error), file=name)
        return None
    if missing := [column for column in required if column not in columns]:
        problems.add(f"has no column {', '.join(missing)} (it has {', '.join(columns)[:200]})", file=name)
        return None
    return columns


def rows_of(path: Path, name: str, columns: Sequence[str], problems: Problems) -> Iterator[tuple[int, dict]]:
    """Yield (row number, row) of a file; an unreadable part becomes a problem."""
    number = 0
    try:
        for row in parquet_rows(path, columns, batch_size=_BATCH):
            yield number, row
            number += 1
    except ParquetError as error:
        problems.add(str(error), file=name, row=number)
