"""Takes the pictures of a few questions from the build that a run used, as small JPEGs."""

import base64
import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
from PIL import Image, UnidentifiedImageError

from .load import Run

SIDE = 620
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
    folder = build_folder(run)
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


def build_folder(run: Run) -> Path | None:
    """Where the build lies: as run.json says, seen from here or from the run folder; None where it is gone."""
    path = Path(str(run.record["data"].get("path") or "data"))
    places = (path, run.path / path, run.path / "data")
    return next((place for place in places if any(place.glob("qa/*.parquet"))), None)


def _rows(folder: Path, ids: Collection[str]) -> list[dict]:
    """Only the row groups that hold the wanted ids are read."""
    shards = pads.dataset(sorted(str(path) for path in folder.glob("qa/*.parquet")), format="parquet")
    columns = [name for name in ("id", "images", "views") if name in shards.schema.names]
    return shards.to_table(columns=columns, filter=pads.field("id").isin(sorted(ids))).to_pylist()


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
