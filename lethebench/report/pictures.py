"""Takes the pictures of a few questions from the build that a run used, as small JPEGs."""

import base64
import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from lethebench.report.load import Run

SIDE = 780
QUALITY = 80


@dataclass(frozen=True)
class Picture:
    """A picture for the page: a data URI and its size in pixels."""

    uri: str
    width: int
    height: int
    views: str


def pictures(run: Run, ids: Collection[str]) -> tuple[dict[str, list[Picture]], str]:
    """The pictures of QA rows by row id.

    Args:
        run: tells where the build lies and which build it was.
        ids: of rows.

    Returns:
        id -> its pictures, for the rows that were found; and why pictures are missing, "" where none is.
    """
    if not ids:
        return {}, ""
    folder = run.build
    if folder is None:
        return {}, f"the data folder {run.record['data'].get('path')} is gone"
    expected = run.record["data"].get("manifest_sha256")
    if expected and _hash(folder / "manifest.json") not in (expected, None):
        return {}, f"the data folder {run.record['data'].get('path')} is no longer the build that this run used"
    try:
        rows = _rows(folder, ids)
        found = {row["id"]: [_small(image, row.get("views")) for image in row["images"] or []] for row in rows}
    except (pa.ArrowException, OSError, UnidentifiedImageError, KeyError, TypeError) as error:
        return {}, f"the data folder {run.record['data'].get('path')} cannot be read ({error})"
    missing = len(set(ids) - set(found))
    return found, f"{missing} of {len(set(ids))} rows are not in the data folder" if missing else ""


def _rows(folder: Path, ids: Collection[str]) -> list[dict]:
    """The wanted rows of all shards. Pictures are read only of the row groups that hold one of them."""
    wanted, found = pa.array(sorted(ids)), []
    for path in sorted(folder.glob("qa/*.parquet")):
        shard = pq.ParquetFile(path)
        columns = [name for name in ("id", "images", "views") if name in shard.schema_arrow.names]
        for group in range(shard.num_row_groups):
            here = pc.is_in(shard.read_row_group(group, columns=["id"])["id"], wanted)
            if pc.any(here).as_py():
                found += shard.read_row_group(group, columns=columns).filter(here).to_pylist()
    return found


def _small(image: dict, views: object) -> Picture:
    with Image.open(io.BytesIO(image["bytes"])) as picture:
        small = picture.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, format="JPEG", quality=QUALITY, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(uri, small.width, small.height, ", ".join(map(str, views)) if isinstance(views, list) else "")


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
