"""Builds for tests: a real one of 8 profiles, made once; and one with stand-in pages, which takes no time to make."""

import json
import os
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from PIL import Image

from lethebench.builders import build, content_hash, row_digest
from lethebench.builders.icu import builder as icu
from lethebench.builders.write.columns import features_of
from lethebench.builders.write.digest import file_hash
from lethebench.builders.write.shards import open_parquet

PROFILES = 8
SIZES = {"icu": PROFILES, "mlu": PROFILES}
"""Benchmark -> the size of its build for tests, where `small` is larger than tests need."""
OPTIONS = {"mlu": {"views": 11}, "remem": {"qa": 20, "pixels": 96}}
"""Benchmark -> the options of its build for tests."""
BOX = (70, 60, 130, 140)
"""Where stand-in pages have their ID photo, in pixels."""


@cache
def real_build(name: str = "icu") -> Path:
    """A whole small build of a benchmark with its preview, one for all processes of a test run. Not to be changed."""
    folder = Path(os.environ["LETHE_TEST_BUILDS"])
    with FileLock(folder / f"{name}.lock"):
        if not (folder / name).exists():
            build(name, folder / name, size=SIZES.get(name, "small"), options=OPTIONS.get(name), preview=True)
    return folder / name


def stand_in_page(profile, view) -> Image.Image:
    """A page of nothing but a photo: a blurred pattern of the profile's own, and grain of the view's."""
    pattern = np.random.default_rng(profile.seed).integers(40, 220, (10, 8), np.uint8)
    page = Image.new("L", (200, 200), 230)
    page.paste(Image.fromarray(pattern).resize((60, 80), Image.Resampling.BICUBIC), BOX)
    grain = np.random.default_rng(zlib.crc32(repr(view).encode())).integers(-3, 4, (200, 200))
    return Image.fromarray((np.asarray(page, int) + grain).clip(0, 255).astype(np.uint8)).convert("RGB")


def stand_in_corners(profile, size) -> list[int]:
    left, top, right, bottom = BOX
    return [left, top, right, top, right, bottom, left, bottom]


def use_stand_ins(monkeypatch) -> None:
    """Lets `build` draw stand-in pages; in this process only."""
    monkeypatch.setattr(icu, "render", stand_in_page)
    monkeypatch.setattr(icu, "photo_corners", stand_in_corners)


def rewrite(folder: Path, name: str, change) -> None:
    """Puts `change(rows)` in the place of a shard's rows and seals the build again, so that only the rows are wrong."""
    path = folder / name
    rows = pq.read_table(path).to_pylist()
    rows = change(rows) or rows
    with open_parquet(path, features_of(name).arrow_schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=features_of(name).arrow_schema))
    seal(folder)


def seal(folder: Path) -> None:
    """Writes hashes and counts into the manifest and croissant.json as the files now have them."""
    manifest = json.loads((folder / "manifest.json").read_text())
    croissant = json.loads((folder / "croissant.json").read_text())
    for entry in croissant["distribution"]:
        if "contentUrl" in entry:
            entry["sha256"] = file_hash(folder / entry["contentUrl"])
    (folder / "croissant.json").write_text(json.dumps(croissant))
    for name in manifest["files"]:
        manifest["files"][name] = {"bytes": (folder / name).stat().st_size, "sha256": file_hash(folder / name)}
    for splits in manifest["splits"].values():
        for part in splits.values():
            digests = [row_digest(row) for name in part["files"] for row in pq.read_table(folder / name).to_pylist()]
            part |= {"rows": len(digests), "content_hash": content_hash(digests)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
