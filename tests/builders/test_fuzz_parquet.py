"""Damaged and odd releases and builds: each ends in a result, in problems of `verify`, or in one line."""

import io
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mutations import changed, mutated, streams
from releases import mllmu_configs, mlu_files, write_mllmu, write_zip
from small_build import shared_stand_in_build

from lethebench.builders import read_manifest
from lethebench.builders.imports.mllmu.importer import _read
from lethebench.builders.imports.mlu.release import read_release
from lethebench.builders.imports.shared.archive import open_files
from lethebench.builders.verify.files import check_card, check_checksums, check_schema
from lethebench.builders.verify.findings import Findings
from lethebench.builders.verify.row_pass import BuildCheck
from lethebench.contract.parquet import ParquetError, check_parquet, parquet_rows
from lethebench.errors import UserError
from lethebench.runs import shards

FILES, RELEASES, ARCHIVES, BUILDS = 4000, 600, 1000, 400
"""Inputs: single Parquet files, downloads of MLLMU-Bench, archives of MLUBench, builds."""
FORGET, PROFILES, CANDIDATES = (
    f"{name}-00000-of-00001.parquet" for name in ("qa/forget", "profiles/forget", "candidates/values")
)


def one_line(call: Callable) -> str:
    """Call; return the line of a UserError, or nothing. Any other error is the test's failure."""
    line = ""
    try:
        call()
    except UserError as error:
        line = str(error) or "an error without a message\n"
    assert "\n" not in line
    return line


def as_bytes(table: pa.Table, rng) -> bytes:
    """A table as Parquet with options that other writers use."""
    file = io.BytesIO()
    options = {"compression": str(rng.choice(["none", "zstd", "snappy"])), "use_dictionary": bool(rng.integers(0, 2)),
               "row_group_size": int(rng.integers(1, 300)), "store_schema": bool(rng.integers(0, 2)),
               "data_page_version": str(rng.choice(["1.0", "2.0"]))}  # fmt: skip
    pq.write_table(table, file, **options)
    return file.getvalue()


def damaged(path: Path, rng) -> bytes:
    """A Parquet file with changed bytes, or with changed columns, or with both."""
    kind = rng.choice(["bytes", "columns", "both"], p=[0.4, 0.5, 0.1])
    try:
        content = path.read_bytes() if kind == "bytes" else as_bytes(changed(pq.read_table(path), rng), rng)
    except (pa.ArrowException, OverflowError):  # Parquet has no such type
        content = path.read_bytes()
    return content if kind == "columns" else mutated(content, rng)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_mllmu(tmp_path_factory.mktemp("release"), mllmu_configs(20, 1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_single_files_are_read_or_refused(tmp_path, release, monkeypatch):
    monkeypatch.setattr(shards.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    paths = [shared_stand_in_build() / name for name in (FORGET, PROFILES, CANDIDATES)]
    paths += [release / config / "train-00000-of-00001.parquet" for config in ("Full_Set", "Test_Set", "ft_Data")]
    expected = {path: list(parquet_rows(path)) for path in paths}
    read = 0
    for number, rng in enumerate(streams(1, FILES)):
        original = paths[number % len(paths)]
        path = tmp_path / original.parent.name / "a.parquet"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(damaged(original, rng))
        one_line(partial(check_parquet, path))
        one_line(partial(shards.read_shards, [path], [str(number)]))
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        try:
            rows = list(parquet_rows(path))
        except ParquetError:
            continue
        read += 1
        assert repr(rows) == repr(pq.ParquetFile(path).read().to_pylist()), number  # NaN is not equal to itself
    assert read > FILES // 4
    assert {path: list(parquet_rows(path)) for path in paths} == expected


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_downloads_of_mllmu_are_read_or_refused(tmp_path, release):
    lines = set()
    shutil.copytree(release, tmp_path / "release")
    configs = sorted(path.parent.name for path in release.glob("*/*.parquet"))
    for number, rng in enumerate(streams(2, RELEASES)):
        name = f"{configs[number % len(configs)]}/train-00000-of-00001.parquet"
        (tmp_path / "release" / name).write_bytes(damaged(release / name, rng))
        (tmp_path / "work").mkdir()
        lines.add(one_line(lambda: _read(tmp_path / "release", tmp_path / "work", 1)))
        shutil.rmtree(tmp_path / "work")
        shutil.copy(release / name, tmp_path / "release" / name)
    assert len(lines) > 50


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_archives_of_mlubench_are_read_or_refused(tmp_path):
    files = mlu_files()
    whole = write_zip(tmp_path / "whole.zip", files).read_bytes()
    name = next(iter(files))
    text = json.dumps(files[name]).encode()
    lines = set()
    for number, rng in enumerate(streams(3, ARCHIVES)):
        if number % 2:
            (tmp_path / "a.zip").write_bytes(mutated(whole, rng))
        else:
            write_zip(tmp_path / "a.zip", files | {name: mutated(text, rng)})
        lines.add(one_line(lambda: read_release(open_files(tmp_path / "a.zip"))))
    assert len(lines) > 50


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_builds_are_verified_to_the_end(tmp_path):
    folder = shutil.copytree(shared_stand_in_build(), tmp_path / "icu")
    manifest = read_manifest(folder)
    names = sorted({*manifest.files, "README.md", "croissant.json"})
    noticed = 0
    for number, rng in enumerate(streams(4, BUILDS)):
        name = (FORGET, PROFILES, CANDIDATES, names[number % len(names)])[number % 4]
        content = (folder / name).read_bytes()
        damage = damaged(folder / name, rng) if name.endswith(".parquet") else mutated(content, rng)
        (folder / name).write_bytes(damage)
        findings = Findings()
        check_checksums(folder, manifest, findings)
        present = [each for each in manifest.files if each.endswith(".parquet") and (folder / each).is_file()]
        readable = check_schema(folder, present, findings)
        check_card(folder, manifest, findings)
        check = BuildCheck(folder, manifest, readable, findings)
        check.profiles()
        check.questions()
        check.candidates()
        assert findings.problems or damage == content, number
        noticed += bool(findings.problems)
        (folder / name).write_bytes(content)
    assert noticed > BUILDS * 0.9
