"""Read shards a few rows at a time, so that a build of any size is checked in little memory."""

from collections.abc import Iterator
from pathlib import Path

from lethebench.builders.verify.findings import Findings
from lethebench.contract.parquet import ParquetError, parquet_rows


def rows_of(folder: Path, name: str, findings: Findings) -> Iterator[tuple[int, dict]]:
    """Yield (row number, row) of a shard; an unreadable part becomes a problem of the check `schema`."""
    number = 0
    try:
        for row in parquet_rows(folder / name):
            yield number, row
            number += 1
    except ParquetError as error:
        findings.add("schema", str(error), file=name, row=number)
