"""Take the pictures of a few questions from the build of a run, as small JPEGs."""

import base64
import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from lethebench.contract.errors import UserError, one_line
from lethebench.contract.images import decode_image
from lethebench.contract.parquet import check_parquet
from lethebench.report.load import RunRecord

SIDE = 780
QUALITY = 80


@dataclass(frozen=True)
class Thumbnail:
    """A picture for the page: a data URI, its size in pixels, and how the picture shows its subject."""

    uri: str
    width: int
    height: int
    views: str


def thumbnails(run: RunRecord, ids: Collection[str]) -> tuple[dict[str, list[Thumbnail]], str]:
    """Return the pictures of QA rows by row id.

    Args:
        run: The run, which names its build.
        ids: Ids of QA rows.

    Returns:
        id -> pictures, for the rows in the build; and why pictures are missing, "" if none is.
    """
    if not ids:
        return {}, ""
    folder, path = run.build, run.record["data"].get("path")
    if folder is None:
        return {}, f"the data folder {path} does not exist"
    expected = run.record["data"].get("manifest_sha256")
    if expected and _hash(folder / "manifest.json") not in (expected, None):
        return {}, f"the data folder {path} is no longer the build of this run"
    try:
        rows = _rows(folder, ids)
        images = {row["id"]: [_thumbnail(image, row.get("views")) for image in row["images"] or []] for row in rows}
    except (pa.ArrowException, OSError, UserError, KeyError, TypeError) as error:
        return {}, f"the data folder {path} cannot be read ({one_line(error)})"
    missing = len(set(ids) - set(images))
    return images, f"{missing} of {len(set(ids))} rows are not in the data folder" if missing else ""


def _rows(folder: Path, ids: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows with these ids; pictures are read only from row groups that hold one of them."""
    wanted_ids = pa.array(sorted(ids))
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob("qa/*.parquet")):
        columns = [name for name in ("id", "images", "views") if name in check_parquet(path).names]
        shard = pq.ParquetFile(path)
        for group in range(shard.num_row_groups):
            mask = pc.is_in(shard.read_row_group(group, columns=["id"])["id"], wanted_ids)
            if pc.any(mask).as_py():
                rows += shard.read_row_group(group, columns=columns).filter(mask).to_pylist()
    return rows


def _thumbnail(image: dict[str, Any], views: object) -> Thumbnail:
    small = decode_image(image)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, format="JPEG", quality=QUALITY, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return Thumbnail(uri, small.width, small.height, ", ".join(map(str, views)) if isinstance(views, list) else "")


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
