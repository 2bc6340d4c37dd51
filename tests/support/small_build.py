"""Builds for tests: small real ones, made once per test run, and quick ones with stand-in pictures."""

import json
import os
import shutil
import zlib
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Image as ImageColumn
from datasets import List, load_dataset
from filelock import FileLock
from PIL import Image

from lethebench.builders import build, content_hash, row_digest, verify
from lethebench.builders.icu import builder as icu
from lethebench.builders.remem import builder as remem
from lethebench.builders.write.columns import features_of
from lethebench.builders.write.digest import file_hash
from lethebench.builders.write.shards import open_parquet

PROFILES = 8
SIZES = {"icu": PROFILES, "mlu": PROFILES}
"""Benchmark -> the size of its build for tests, if `small` is larger than tests need."""
OPTIONS = {"mlu": {"views": 14}, "remem": {"qa": 20, "pixels": 96}}
"""Benchmark -> the options of its build for tests."""
BOX = (20, 20, 80, 100)
"""Box of the ID photo on stand-in pages, in pixels."""


@cache
def real_build(name: str = "icu") -> Path:
    """Return a small build of a benchmark, one for all processes of a test run. Do not change it."""
    return _shared(name, name)


@cache
def quick_build(name: str) -> Path:
    """Return a build for tests that do not look at pictures: of remem with stand-ins, else `real_build`."""
    if name != "remem":
        return real_build(name)
    with pytest.MonkeyPatch.context() as patch:
        use_stand_in_people(patch)
        return _shared(name, f"quick-{name}")


@cache
def shared_stand_in_build() -> Path:
    """Return a build of icu with stand-in pages: 8 profiles, 2 tasks, a holdout set. Do not change it."""
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        return _shared("icu", "stand-in-icu", preview=False)


def stand_in_build(folder: Path) -> Path:
    """Copy `shared_stand_in_build` to a folder."""
    return shutil.copytree(shared_stand_in_build(), folder)


def arguments_of(name: str) -> dict:
    """Return the arguments of `build` for a small build; only icu draws its preview, since a large PNG takes long."""
    return {"size": SIZES.get(name, "small"), "options": OPTIONS.get(name), "preview": name == "icu"}


def _shared(name: str, folder_name: str, **arguments) -> Path:
    folder = Path(os.environ["LETHE_TEST_BUILDS"])
    with FileLock(folder / f"{folder_name}.lock"):
        out = folder / folder_name / name
        if not out.exists():
            build(name, out, **{**arguments_of(name), **arguments})
    return out


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a folder."""
    return {str(path.relative_to(folder)): file_hash(path) for path in folder.rglob("*") if path.is_file()}


def distinct_splits(manifest: dict) -> list[tuple[str, str]]:
    """Return each (config, split) whose list of shards no earlier one has."""
    first: dict[tuple[str, ...], tuple[str, str]] = {}
    for config, splits in manifest["splits"].items():
        for split, part in splits.items():
            first.setdefault(tuple(part["files"]), (config, split))
    return list(first.values())


def check_splits(folder: Path, *, streaming: bool = False) -> None:
    """Assert that every config has its splits, and that every distinct split loads with its rows and content."""
    manifest = json.loads((folder / "manifest.json").read_text())
    distinct = distinct_splits(manifest)
    for config, splits in manifest["splits"].items():
        loaded = load_dataset(str(folder), config, streaming=streaming)
        assert list(loaded) == list(splits)
        for split, part in splits.items():
            rows = loaded[split]
            assert streaming or len(rows) == part["rows"]
            if (config, split) in distinct:
                for column in {"images", "thumbnails"} & set(rows.column_names):
                    rows = rows.cast_column(column, List(ImageColumn(decode=False)))
                assert content_hash(map(row_digest, rows)) == part["content_hash"], (config, split)


def stand_in_page(profile, view, pages: int = 1) -> Image.Image:
    """Return a page with only a photo: a blurred pattern of the profile, and grain of the view."""
    pattern = np.random.default_rng(profile.seed).integers(40, 220, (10, 8), np.uint8)
    page = Image.new("L", (100, 120), 230)
    page.paste(Image.fromarray(pattern).resize((60, 80), Image.Resampling.BICUBIC), BOX)
    grain = np.random.default_rng(zlib.crc32(repr(view).encode())).integers(-3, 4, (120, 100))
    return Image.fromarray((np.asarray(page, int) + grain).clip(0, 255).astype(np.uint8)).convert("RGB")


def stand_in_corners(profile, size, pages: int = 1) -> list[int]:
    left, top, right, bottom = BOX
    return [left, top, right, top, right, bottom, left, bottom]


def stand_in_person(profile, shot, pixels: int = 96, portraits=None) -> Image.Image:
    """Return a picture with a blurred pattern that depends on the person, and grain that depends on the shot."""
    pattern = np.random.default_rng(profile.seed).integers(40, 220, (8, 8, 3), np.uint8)
    picture = np.asarray(Image.fromarray(pattern).resize((pixels, pixels), Image.Resampling.BICUBIC), int)
    grain = np.random.default_rng(zlib.crc32(repr(shot).encode())).integers(-3, 4, (pixels, pixels, 1))
    return Image.fromarray((picture + grain).clip(0, 255).astype(np.uint8))


def use_stand_in_people(monkeypatch) -> None:
    """Make `build` draw stand-ins for the pictures of remem, in this process only."""
    monkeypatch.setattr(remem, "draw", stand_in_person)


def use_stand_ins(monkeypatch) -> None:
    """Make `build` draw stand-in pages for icu, in this process only."""
    monkeypatch.setattr(icu, "render", stand_in_page)
    monkeypatch.setattr(icu, "photo_corners", stand_in_corners)


def rewrite(folder: Path, name: str, change) -> None:
    """Replace a shard's rows by `change(rows)`, then update manifest and croissant.json."""
    path = folder / name
    rows = pq.read_table(path).to_pylist()
    rows = change(rows) or rows
    with open_parquet(path, features_of(name).arrow_schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=features_of(name).arrow_schema))
    seal(folder)


def problems_by_check(folder: Path) -> dict[str, list[str]]:
    """Return the reasons that `verify` gives, by check."""
    reasons = defaultdict(list)
    for problem in verify(folder).problems:
        reasons[problem.check].append(problem.reason)
    return reasons


def seal(folder: Path) -> None:
    """Update hashes and counts in the manifest and croissant.json from the files."""
    manifest = json.loads((folder / "manifest.json").read_text())
    croissant = json.loads((folder / "croissant.json").read_text())
    for entry in croissant["distribution"]:
        if "contentUrl" in entry:
            entry["sha256"] = file_hash(folder / entry["contentUrl"])
    (folder / "croissant.json").write_text(json.dumps(croissant))
    for name in manifest["files"]:
        manifest["files"][name] = {"bytes": (folder / name).stat().st_size, "sha256": file_hash(folder / name)}
    shards = {name for splits in manifest["splits"].values() for part in splits.values() for name in part["files"]}
    digests_of = {name: [row_digest(row) for row in pq.read_table(folder / name).to_pylist()] for name in shards}
    for splits in manifest["splits"].values():
        for part in splits.values():
            digests = [digest for name in part["files"] for digest in digests_of[name]]
            part |= {"rows": len(digests), "content_hash": content_hash(digests)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
