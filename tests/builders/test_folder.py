"""A build appears whole or not at all, replaces only builds, and puts each picture down once."""

import errno
import io
import json
import operator
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from small_build import PROFILES, hashes, use_stand_ins

from lethebench.builders import BuildError, build, content_hash, row_digest
from lethebench.builders.icu import builder as icu
from lethebench.builders.write.columns import QA
from lethebench.builders.write.pool import ordered
from lethebench.builders.write.shards import ShardWriter
from lethebench.contract import own_folder
from lethebench.contract.folder_kinds import BUILD
from lethebench.contract.own_folder import new_folder


@pytest.fixture
def quick(monkeypatch):
    """build() with stand-in pages."""
    use_stand_ins(monkeypatch)
    return lambda out, **options: build("icu", out, size=PROFILES, **options)


@pytest.fixture(scope="module")
def stand_in_build(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        folder = tmp_path_factory.mktemp("earlier") / "icu"
        build("icu", folder, size=PROFILES)
    return folder


@pytest.fixture
def earlier(stand_in_build, tmp_path):
    """An earlier build at tmp_path / "icu"."""
    return shutil.copytree(stand_in_build, tmp_path / "icu")


def test_progress_counts_profiles(quick, tmp_path):
    calls = []
    quick(tmp_path / "icu", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (PROFILES + 4, PROFILES + 4)
    assert calls == sorted(set(calls))


def test_rebuild_replaces_the_earlier_build(quick, earlier, tmp_path):
    before = hashes(tmp_path / "icu")
    quick(tmp_path / "icu", seed=1)
    assert hashes(tmp_path / "icu") != before
    quick(tmp_path / "icu")
    assert hashes(tmp_path / "icu") == before
    assert [path.name for path in tmp_path.iterdir()] == ["icu"]


def test_folder_with_foreign_files_is_refused(quick, tmp_path):
    for out, words in ((tmp_path, "not a build"), (tmp_path / "note.txt", "is a file")):
        (tmp_path / "note.txt").write_text("mine")
        with pytest.raises(BuildError, match=words):
            quick(out)
    assert (tmp_path / "note.txt").read_text() == "mine"
    quick(tmp_path / "icu")
    (tmp_path / "icu" / "qa" / "thesis.doc").write_text("mine")
    with pytest.raises(BuildError, match=r"also holds qa/thesis\.doc"):
        quick(tmp_path / "icu")
    assert (tmp_path / "icu" / "qa" / "thesis.doc").read_text() == "mine"


def test_full_disk_keeps_the_earlier_build(quick, earlier, tmp_path, monkeypatch):
    # Bytecode cut off at the limit would be what later processes import.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    before = hashes(tmp_path / "icu")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # no file may grow beyond 100 kB
    try:
        with pytest.raises(OSError) as error:  # noqa: PT011
            quick(tmp_path / "icu", seed=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.errno == errno.EFBIG
    assert hashes(tmp_path / "icu") == before
    assert [path.name for path in tmp_path.iterdir()] == ["icu"]


@pytest.mark.parametrize(
    "stage", ["write_shards", "write_eval", "write_croissant", "file_hash", "write_card", "_exchange"]
)
def test_failure_at_any_stage_keeps_the_earlier_build(quick, earlier, tmp_path, monkeypatch, stage):
    before = hashes(tmp_path / "icu")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    module = own_folder if stage == "_exchange" else sys.modules["lethebench.builders.write.build"]
    monkeypatch.setattr(module, stage, full)
    with pytest.raises(OSError, match="No space left"):
        quick(tmp_path / "icu", seed=1)
    assert hashes(tmp_path / "icu") == before
    assert [path.name for path in tmp_path.iterdir()] == ["icu"]


def test_build_follows_a_symlink(quick, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "icu").symlink_to(tmp_path / "disk" / "data", target_is_directory=True)
    for seed in (0, 1):
        quick(tmp_path / "icu", seed=seed)
        assert json.loads((tmp_path / "disk" / "data" / "manifest.json").read_text())["seed"] == seed
        assert (tmp_path / "icu").is_symlink()
        assert sorted(os.listdir(tmp_path)) == ["disk", "icu"]
        assert os.listdir(tmp_path / "disk") == ["data"]


def test_impossible_output_paths_are_refused(quick, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    for out, words in ((tmp_path / "note.txt" / "a" / "b", r"note\.txt, which is a file"), ("/", "is a mount point")):
        with pytest.raises(BuildError, match=words):
            quick(out)
    assert os.listdir(tmp_path) == ["note.txt"]


def test_size_beyond_the_available_names_is_refused(quick, tmp_path, monkeypatch):
    def exhausted(*_, **__):
        raise RuntimeError("no female name of Japan is left after 29706 names")

    monkeypatch.setattr(icu, "people", exhausted)
    with pytest.raises(BuildError, match=r"size 8: no female name .* try a smaller size"):
        quick(tmp_path / "icu")
    assert os.listdir(tmp_path) == []


def test_num_proc_is_limited_by_the_units(quick, tmp_path, monkeypatch):
    asked_questions = []

    def counted(function, items, *, shared, num_proc):
        asked_questions.append(num_proc)
        return ordered(function, items, shared=shared, num_proc=1)

    monkeypatch.setattr(sys.modules["lethebench.builders.write.build"], "ordered", counted)
    quick(tmp_path / "icu", num_proc=100_000)
    assert asked_questions == [4]  # two tasks, those to retain, those held out


def test_remains_of_a_killed_build_are_removed(quick, tmp_path):
    (tmp_path / "icu").mkdir()  # an empty folder is accepted
    (tmp_path / ".icu.lethe" / "new" / "qa").mkdir(parents=True)
    (tmp_path / ".icu.lethe" / "new" / "qa" / "half.parquet").write_bytes(b"PAR1")
    (tmp_path / ".icu.lethe" / ".lethe.json").write_text("{}")
    quick(tmp_path / "icu")
    assert [path.name for path in tmp_path.iterdir()] == ["icu"]


def test_build_killed_between_renames_is_restored(earlier, tmp_path):
    before = hashes(tmp_path / "icu")
    (tmp_path / ".icu.lethe").mkdir()
    (tmp_path / ".icu.lethe" / ".lethe.json").write_text("{}")
    (tmp_path / "icu").rename(tmp_path / ".icu.lethe" / "old")
    with pytest.raises(RuntimeError), new_folder(tmp_path / "icu", BUILD):
        raise RuntimeError("this build fails as well")
    assert hashes(tmp_path / "icu") == before
    assert [path.name for path in tmp_path.iterdir()] == ["icu"]


def test_concurrent_builds_in_one_folder_are_refused(quick, tmp_path):
    held = new_folder(tmp_path / "icu", BUILD)
    with held, pytest.raises(BuildError, match="another process is writing there"):
        quick(tmp_path / "icu")


@pytest.mark.slow
def test_workers_of_a_killed_build_end(tmp_path):
    code = (
        "import sys; from lethebench.builders import build; "
        f"build('icu', sys.argv[1], size={PROFILES}, num_proc=2, progress=lambda *done: print(*done, flush=True))"
    )
    for lines in (0, 1, 3):
        with subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "icu"], stdout=subprocess.PIPE, start_new_session=True
        ) as child:
            for _ in range(lines):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
            child.wait()
            deadline = time.monotonic() + 20
            while _alive(child.pid) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert not _alive(child.pid), "worker processes outlive their parent"
        assert not (tmp_path / "icu").exists()


def _alive(session: int) -> bool:
    """Whether any process of a session runs still (one that has ended and was not yet collected does not)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            return True
    return False


# -- shards


def row(number: int, picture: bytes) -> dict:
    empty = {name: [] for name in ("views", "keywords", "options", "paraphrases", "perturbed")}
    return {
        "id": f"x/{number}", "profile_id": "x", "task_id": 0, "retain_task_id": -1, "role": 0, "modality": 0,
        "format": 0, "attribute": "a", "hops": 1, "images": [{"bytes": picture, "path": "x.jpg"}], "question": "?",
        "answer": "!", "correct": -1, **empty,
    }  # fmt: skip


def test_shared_picture_is_stored_once(tmp_path):
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(20):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (200, 200, 3), np.uint8)).save(buffer, "JPEG", quality=90)
        pictures.append(buffer.getvalue())
    rows = [row(number, pictures[number // 9]) for number in range(180)]
    writer = ShardWriter(tmp_path, "qa/forget", QA.arrow_schema, units=1, shards=1)
    writer.add(pa.Table.from_pylist(rows, schema=QA.arrow_schema))
    writer.close()
    (name,) = writer.names
    assert (tmp_path / name).stat().st_size < 1.02 * sum(map(len, pictures))


def test_shards_keep_the_order_of_units(tmp_path):
    writer = ShardWriter(tmp_path, "qa/forget", QA.arrow_schema, units=7, shards=3)
    for number in range(7):
        writer.add(pa.Table.from_pylist([row(number, b"x")], schema=QA.arrow_schema))
    writer.close()
    assert writer.names == [f"qa/forget-{n:05d}-of-00003.parquet" for n in range(3)]
    read = [pa.parquet.read_table(tmp_path / name)["id"].to_pylist() for name in writer.names]
    assert [name for names in read for name in names] == [f"x/{number}" for number in range(7)]
    assert all(read)


# -- hashes


def test_content_hash_ignores_order_and_file_names_only():
    rows = [row(number, bytes([number])) for number in range(9)]
    content = content_hash(map(row_digest, rows))
    assert content_hash(map(row_digest, reversed(rows))) == content
    assert content_hash(row_digest(dict(reversed(one.items()))) for one in rows) == content
    renamed = [{**one, "images": [{"bytes": one["images"][0]["bytes"], "path": None}]} for one in rows]
    assert content_hash(map(row_digest, renamed)) == content
    for change in ({"answer": "!!"}, {"images": [{"bytes": b"other", "path": "x.jpg"}]}, {"images": []}, {"hops": 2}):
        assert content_hash(map(row_digest, [*rows[1:], rows[0] | change])) != content
    assert content_hash(map(row_digest, [*rows, rows[0]])) != content
    with pytest.raises(TypeError, match="decode=False"):
        row_digest({"images": [Image.new("RGB", (1, 1))]})


# -- the pool


def test_pool_keeps_order_and_reads_items_lazily():
    items_read = []

    def work():
        for item in range(40):
            items_read.append(item)
            yield item

    results = ordered(operator.add, work(), shared=1, num_proc=2)
    assert next(results) == 1
    assert len(items_read) <= 6
    assert list(results) == list(range(2, 41))


def test_killed_worker_is_an_error_with_advice():
    with pytest.raises(BuildError, match="lack of memory"):
        list(ordered(exec, ["pass"] * 3 + ["import os; os.kill(os.getpid(), 9)"], shared={}, num_proc=2))
