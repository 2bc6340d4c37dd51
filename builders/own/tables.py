"""Find the rows in a user's data and stream them: JSONL, CSV, Parquet, an ImageFolder's metadata, saved `datasets`."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lethebench.builders.errors import BuildError
from lethebench.builders.imports.shared.wording import read_json
from lethebench.contract.errors import border
from lethebench.contract.hub_cache import is_inside
from lethebench.contract.parquet import ParquetError, parquet_rows, parquet_schema

ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet")
MOST_ROWS = 10_000_000
MOST_LINE = 1 << 20
"""Characters of a line of JSONL or of a cell of CSV."""
_BATCH = 16
Rows = Iterator[Mapping[str, Any]]


@dataclass(frozen=True)
class Table:
    """The rows of a user's data.

    Attributes:
        root: the folder that paths of pictures are relative to.
        files: where the rows are, in order.
        columns: their columns.
        rows: returns an iterator over them.
    """

    root: Path
    files: Sequence[Path]
    columns: Sequence[str]
    rows: Callable[[], Rows]


def open_table(source: Path, file: str = "") -> Table:
    """Return the rows of a file or folder; `file` chooses among several in the folder.

    Raises:
        BuildError: there are none, several kinds, or they cannot be read.
    """
    if not source.exists():
        raise BuildError(f"--from {source}: no such file or folder; give your data, or the id of a dataset on the Hub")
    if source.is_file():
        files, root = [source], source.parent
    elif file:
        files, root = [_inside(source, file)], _inside(source, file).parent
    elif (source / "dataset_dict.json").is_file():
        raise BuildError(f"--from {source}: holds several splits; give one of them, such as {source}/train")
    elif (source / "state.json").is_file():
        return _saved(source)
    else:
        files, root = _files_of(source)
    kinds = sorted({path.suffix.lower() for path in files})
    if len(kinds) != 1 or kinds[0] not in ENDINGS:
        raise BuildError(f"{files[0].name}: not one of {', '.join(ENDINGS)}; convert it, or give another file")
    readers: dict[str, Callable[[Path], Rows]] = {".jsonl": _jsonl, ".parquet": _parquet}
    read = readers.get(kinds[0], _csv)
    return Table(root, files, _columns(files, read), lambda: (row for path in files for row in read(path)))


def _inside(root: Path, name: str) -> Path:
    path = root / name
    if not is_inside(path, root) or not path.is_file():
        raise BuildError(f"file: {name}: there is no such file in {root.name}")
    return path


def _files_of(root: Path) -> tuple[list[Path], Path]:
    """Return the files with rows in a folder and the folder that pictures are relative to."""
    with border(f"--from {root}", "make it readable", error_type=BuildError):
        tables = sorted(
            path
            for path in root.rglob("*")
            if path.suffix.lower() in ENDINGS and path.is_file() and not any(p[0] == "." for p in path.parts[-3:])
        )
    tables = [path for path in tables if is_inside(path, root)]
    metadata = [path for path in tables if path.stem == "metadata"]
    tables = metadata or tables
    if not tables:
        raise BuildError(f"--from {root}: no rows in it; put a file {', '.join(ENDINGS)} beside the pictures")
    if len(tables) > 1 and ({path.suffix.lower() for path in tables} != {".parquet"} or metadata):
        names = ", ".join(path.relative_to(root).as_posix() for path in tables[:5])
        raise BuildError(
            f"--from {root}: several files could hold the rows ({names}); choose one with `file` in the map"
        )
    return tables, tables[0].parent if len(tables) == 1 else root


def _columns(files: Sequence[Path], read: Callable[[Path], Rows]) -> list[str]:
    """Return the columns, in order; of JSONL those of its first thousand rows."""
    if files[0].suffix.lower() == ".parquet":
        names = dict.fromkeys(name for path in files for name in _schema(path))
        return list(names)
    columns: dict[str, None] = {}
    for path in files:
        for number, row in enumerate(read(path)):
            columns.update(dict.fromkeys(row))
            if number == 1000 or path.suffix.lower() != ".jsonl":
                break
    if not columns:
        raise BuildError(f"{files[0].name}: has no row")
    return list(columns)


def _schema(path: Path) -> list[str]:
    try:
        return parquet_schema(path, most_rows=MOST_ROWS).names
    except ParquetError as error:
        raise BuildError(f"{path.name} {error}; write it again") from error


def _parquet(path: Path) -> Rows:
    try:
        yield from parquet_rows(path, batch_size=_BATCH, most_rows=MOST_ROWS)
    except ParquetError as error:
        raise BuildError(f"{path.name} {error}; write it again") from error


def _jsonl(path: Path) -> Rows:
    with border(f"{path.name}: cannot be read", "save it as UTF-8", error_type=BuildError), path.open("rb") as file:
        number = 0
        while line := file.readline(MOST_LINE + 1):
            number += 1
            if len(line) > MOST_LINE:
                raise BuildError(f"{path.name} line {number}: longer than {MOST_LINE:,} bytes; put pictures into files")
            if not line.strip():
                continue
            try:
                row = read_json(line)
            except ValueError as error:
                raise BuildError(f"{path.name} line {number}: {error}") from None
            if not isinstance(row, dict):
                raise BuildError(f"{path.name} line {number}: not an object of column and value")
            yield row


def _csv(path: Path) -> Rows:
    subject = f"{path.name}: cannot be read as CSV"
    before = csv.field_size_limit(MOST_LINE)
    try:
        with (
            border(subject, "save it as UTF-8 with commas", error_type=BuildError),
            path.open(encoding="utf-8-sig", newline="") as file,
        ):
            header = file.readline(MOST_LINE)
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=header.count), strict=True)
            columns = next(reader, [])
            if twice := sorted({name for name in columns if columns.count(name) > 1}):
                raise BuildError(f"{path.name}: the column {twice[0]!r} occurs twice; rename one")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(columns):
                    where = f"{path.name} line {reader.line_num}"
                    raise BuildError(f"{where}: {len(cells)} cells, the header has {len(columns)}; quote the texts")
                yield dict(zip(columns, cells, strict=True))
    finally:
        csv.field_size_limit(before)


def _saved(folder: Path) -> Table:
    """Return the rows of a folder that `Dataset.save_to_disk` wrote, pictures encoded."""
    from datasets import Audio, Dataset, Image, List, Video, load_from_disk

    cure = "write it again with `save_to_disk`"
    with border(f"--from {folder}: cannot be read as a saved dataset", cure, error_type=BuildError):
        names = [entry["filename"] for entry in json.loads((folder / "state.json").read_text("utf-8"))["_data_files"]]
        files = [_inside(folder, name) for name in names]
        dataset = load_from_disk(str(folder))
        assert isinstance(dataset, Dataset)
        for name, feature in dataset.features.items():
            if isinstance(feature, Audio | Video):
                dataset = dataset.remove_columns(name)
            elif isinstance(feature, Image):
                dataset = dataset.cast_column(name, Image(decode=False))
            elif isinstance(feature, List) and isinstance(feature.feature, Image):
                dataset = dataset.cast_column(name, List(Image(decode=False)))
    return Table(folder, files, dataset.column_names, lambda: iter(dataset))
