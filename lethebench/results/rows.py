"""The rows of a result: the per-row scores of all its stages and seeds in one Parquet file, one row group for each."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.contract.errors import UserError
from lethebench.contract.parquet import ParquetError, parquet_rows
from lethebench.runs.folder import HELD_OUT, ROWS

PARTS = (ROWS, HELD_OUT)
KEYS = ("seed", "stage", "part")
MOST_ROWS = 5_000_000
QUESTION = ("id", "profile_id", "modality", "format", "attribute", "hops", "question", "answer")
"""Columns that identify a question of a data version; task and role depend on the run."""


class Part(NamedTuple):
    """The rows of one file of a stage."""

    seed: int
    stage: str
    part: str
    rows: list[dict[str, Any]]


def pack(runs: Mapping[int, Path], stages: Mapping[int, Sequence[str]]) -> tuple[bytes, int]:
    """Return the Parquet file of a result, and its number of rows.

    Args:
        runs: Seed -> run folder.
        stages: Seed -> stages, such as `npo/t003`.
    """
    tables = []
    for seed, run in runs.items():
        for stage in stages[seed]:
            for part in PARTS:
                path = run / stage / part
                if path.is_file():
                    table = pq.read_table(path)
                    for name, value in zip(KEYS, (seed, stage, part), strict=True):
                        table = table.append_column(name, pa.array([value] * len(table)))
                    tables.append(table)
    schema = pa.unify_schemas([table.schema for table in tables], promote_options="permissive")
    file = io.BytesIO()
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd", compression_level=12) as writer:
        for table in tables:
            whole = pa.concat_tables([table, schema.empty_table()], promote_options="permissive")
            writer.write_table(whole.select(schema.names).cast(schema), row_group_size=max(1, len(whole)))
            count += len(whole)
    return file.getvalue(), count


def unpack(path: Path) -> Iterator[Part]:
    """Yield the rows of each part of a file that `pack` wrote.

    Raises:
        UserError: It cannot be read, or is too large.
    """
    try:
        rows = parquet_rows(path, batch_size=4096, most_rows=MOST_ROWS)
        for key, group in groupby(rows, key=_key):
            yield Part(*key, list(group))
    except (ParquetError, KeyError) as error:
        reason = f"has no column {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path} {reason}; submit the run again") from error


def _key(row: dict[str, Any]) -> tuple[int, str, str]:
    """Take the columns that name the part off a row, and return them."""
    seed, stage, part = (row.pop(name) for name in KEYS)
    return seed, stage, part


def questions_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a hash of the questions of some rows, in any order."""
    lines = (json.dumps([row.get(name) for name in QUESTION], ensure_ascii=False) for row in rows)
    digests = sorted(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest() for line in lines)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def questions_of(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str | None]:
    """Return the hashes of the questions by part, as a result records them; parts are files of the initial model."""
    held_out = parts.get(HELD_OUT)
    return {"rows": questions_hash(parts[ROWS]), "held_out": questions_hash(held_out) if held_out else None}


def questions_of_build(folder: Path) -> dict[str, str | None]:
    """Return the same hashes from a build."""
    from lethebench.evaluation.answers.row_scores import carried, label_names
    from lethebench.runs.quiet import open_quietly

    build = open_quietly(folder)
    parts: dict[str, list[dict[str, Any]]] = {ROWS: []}
    for name, tables in ((ROWS, (build.forget, build.retain, build.neighbour)), (HELD_OUT, (build.held_out,))):
        for table in tables:
            if table is not None:
                columns = table.select_columns([one for one in QUESTION if one in table.column_names])
                names = label_names(columns)
                parts.setdefault(name, []).extend(carried(row, names) for row in columns)
    return questions_of(parts)
