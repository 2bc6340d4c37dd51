"""The folder of an evaluation: rows.parquet and scores.json, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

STRINGS = {
    "id",
    "profile_id",
    "split",
    "role",
    "modality",
    "format",
    "attribute",
    "question",
    "answer",
    "generated",
    "error",
}
WHOLE = {"task_id", "hops", "num_tokens", "num_candidates"}


def write_rows(path: Path, rows: Sequence[dict]) -> None:
    """Writes per-row scores; a column has the same type whether or not any row has a value."""
    kinds = {
        name: pa.string() if name in STRINGS else pa.int64() if name in WHOLE else pa.float64() for name in rows[0]
    }
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(list(kinds.items()))), path)
