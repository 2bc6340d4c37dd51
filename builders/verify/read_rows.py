"""Read shards a row group at a time, so that a build of any size is checked in little memory."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.builders.errors import first_line
from lethebench.builders.verify.findings import Findings


def rows_of(folder: Path, name: str, findings: Findings) -> Iterator[tuple[int, dict]]:
    """Yield (row number, row) of a shard; an unreadable part becomes a problem of the check `schema`."""
    number = 0
    try:
        with pq.ParquetFile(folder / name) as shard:
            for group in range(shard.num_row_groups):
                for row in shard.read_row_group(group).to_pylist():
                    yield number, row
                    number += 1
    except (OSError, pa.ArrowException) as error:
        findings.add("schema", f"cannot be read further: {first_line(error, 200)}", file=name, row=number)
