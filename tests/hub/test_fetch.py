"""Builds and data by Hub id wherever a folder is taken: from a local Hub, with everything wrong with one refused."""

import json
import shutil
from pathlib import Path

import pytest
from clear_release import clear_configs, write_clear
from command_line import lethe
from fiubench_release import fiubench_files, write_fiubench
from hub_repos import LFS, Blob
from hub_server import REPOSITORY, local_hub
from huggingface_hub import constants
from own_data import own_rows, write_map, write_source
from push_support import use_hub
from remem_release import remem_splits, write_remem

from lethebench.builders import build, read_manifest, verify
from lethebench.builders.own.importer import Own
from lethebench.contract.hub_cache import hub_source
from lethebench.errors import UserError
from lethebench.hub.fetch import local_build, local_data
from lethebench.runs.build import open_build


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small build. Not to be changed."""
    root = tmp_path_factory.mktemp("fetch")
    source = write_source(root, "csv", own_rows())
    build("own", root / "own", source=source, options={"map": str(write_map(root))})
    return root / "own"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty Hub, which is this process's, with an empty cache."""
    with local_hub() as server:
        use_hub(server, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        url = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
        yield server.hub


def publish(hub, folder: Path, **changes: bytes | None):
    """Put a folder on the Hub with some files changed or, by None, left out; the repository."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files |= changes
    tree = {name: Blob(content, lfs=name.endswith(LFS)) for name, content in files.items() if content is not None}
    repository = hub.create("dataset", REPOSITORY)
    repository.commit(tree, "as built")
    return repository


def test_build_by_hub_id_opens_and_verifies(hub, folder, tmp_path):
    repository = publish(hub, folder, **{"evil.py": b"raise SystemExit", "more/other.parquet": b"x"})
    repository.tags["v1.0.0"] = repository.head
    for name in (REPOSITORY, f"{REPOSITORY}@v1.0.0", f"{REPOSITORY}@{repository.head}"):
        opened = open_build(name)
        assert opened.hub == {"hub": f"{REPOSITORY}@{repository.head}"}
        assert [row["id"] for row in opened.forget] == [row["id"] for row in open_build(folder).forget]
    assert verify(opened.path).ok
    assert not list(opened.path.rglob("evil.py"))
    assert not (opened.path / "more").exists()
    done = lethe("verify", REPOSITORY, "--json", cwd=tmp_path)
    assert json.loads(done.out)["ok"], done.error
    done = lethe("export", REPOSITORY, "--layout", "lm-eval", "--out", "tasks", cwd=tmp_path)
    assert (done.status, (tmp_path / "tasks" / "own_forget.yaml").is_file()) == (0, True), done.error


def test_cached_build_opens_offline(hub, folder, monkeypatch):
    commit = publish(hub, folder).head
    path = local_build(REPOSITORY)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert local_build(f"{REPOSITORY}@{commit}") == path
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set and the cache of the Hub has no v9 of it"):
        local_build(f"{REPOSITORY}@v9")


def test_paths_win_over_ids(hub, folder, tmp_path, monkeypatch):
    publish(hub, folder)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, REPOSITORY)
    assert local_build(REPOSITORY) == Path(REPOSITORY)
    assert hub_source(Path(REPOSITORY)) is None
    for name in ("build/icu", "runs/demo", f"{REPOSITORY.split('/')[0]}/absent", "a", "a/b/c", "/a/b"):
        assert local_build(name) == Path(name)  # no question to the Hub


def manifest_with(folder, **changes) -> bytes:
    return json.dumps(json.loads((folder / "manifest.json").read_text()) | changes).encode()


SHARD = "qa/forget-00000-of-00001.parquet"
HOSTILE = {
    "not a build": (lambda folder: {"manifest.json": None}, "is not a build (it has no manifest.json)"),
    "no JSON": (lambda folder: {"manifest.json": b"{"}, "manifest.json of somebody/data"),
    "path outside": (
        lambda folder: {"manifest.json": manifest_with(folder, files={"../../x": {"bytes": 1, "sha256": "0" * 64}})},
        "expected a relative path inside the folder",
    ),
    "no shard": (lambda folder: {SHARD: None}, f"has no {SHARD}, which its manifest lists"),
    "longer shard": (lambda folder: {SHARD: (folder / SHARD).read_bytes() + b"x"}, "bytes, the manifest says"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_builds_are_refused_before_they_are_downloaded(hub, folder, tmp_path, case):
    changes, reason = HOSTILE[case]
    publish(hub, folder, **changes(folder))
    done = lethe("learn", REPOSITORY, cwd=tmp_path)
    assert done.status == 2
    assert reason in done.line
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_changed_shard_is_refused_when_opened(hub, folder):
    content = bytearray((folder / SHARD).read_bytes())
    content[len(content) // 2] ^= 1
    publish(hub, folder, **{SHARD: bytes(content)})
    with pytest.raises(UserError, match="was changed after the build"):
        _ = open_build(REPOSITORY).forget


@pytest.mark.parametrize("name", ["somebody/absent", f"{REPOSITORY}@v9"])
def test_absent_builds_are_one_line(hub, folder, tmp_path, name):
    publish(hub, folder)
    for words in (
        ("learn", name),
        ("verify", name),
        ("run", name),
        ("export", name, "--layout", "lm-eval", "--out", "x"),
    ):
        done = lethe(*words, cwd=tmp_path)
        assert done.status == 2
        assert f"{name} is not a folder, and the Hub has no such dataset or revision" in done.line


RELEASES = {
    "clear": lambda root: write_clear(root, clear_configs()),
    "fiubench": lambda root: write_fiubench(root, *fiubench_files(), layout="inner"),
    "remem": lambda root: write_remem(root, remem_splits()),
}


@pytest.mark.parametrize("name", RELEASES)
def test_release_by_hub_id_is_built_as_from_its_folder(hub, tmp_path, name):
    source = RELEASES[name](tmp_path / "release")
    repository = publish(hub, source, **{"loader.py": b"raise SystemExit"})
    done = lethe("build", name, "--from", REPOSITORY, cwd=tmp_path)
    assert done.status == 0, done.error
    by_id = read_manifest(tmp_path / "build" / name)
    assert by_id.imported["source"]["name"] == f"{REPOSITORY}@{repository.head}"
    rows = {
        file: listing for file, listing in build(name, tmp_path / "own", source=source).files.items() if "/" in file
    }
    assert {file: by_id.files[file] for file in rows} == rows
    assert not list((tmp_path / "cache").rglob("*.py"))


def test_own_data_by_hub_id(hub, tmp_path, monkeypatch):
    source = write_source(tmp_path, "parquet", own_rows())
    publish(hub, source, **{"loader.py": b"raise SystemExit"})
    monkeypatch.chdir(tmp_path)
    assert not list(local_data(REPOSITORY, Own.HUB_FILES).rglob("*.py"))
    write_map(tmp_path)
    done = lethe("build", "own", "--from", REPOSITORY, "--map", "map.yaml", cwd=tmp_path)
    assert done.status == 0, done.error
    manifest = json.loads((tmp_path / "build" / "own" / "manifest.json").read_text())
    assert manifest["imported"]["source"]["name"].startswith(f"{REPOSITORY}@")


@pytest.mark.slow
def test_run_on_a_build_by_hub_id_records_it(hub, folder, tmp_path):
    commit = publish(hub, folder).head
    words = ("--model", "tiny", "--method", "ga", "--tasks", "1", "--ignore-gate", "--out", "run")
    done = lethe("run", REPOSITORY, *words, cwd=tmp_path)
    assert done.status == 0, done.error
    assert json.loads((tmp_path / "run" / "run.json").read_text())["data"]["hub"] == f"{REPOSITORY}@{commit}"
    assert f"lethe run {REPOSITORY}@{commit}" in (tmp_path / "run" / "report" / "report.html").read_text()
