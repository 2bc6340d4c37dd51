"""Builds from strangers: verify names what is wrong, opens nothing outside the build and connects to nothing."""

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_build import rewrite, shared_stand_in_build, stand_in_build

from lethebench.builders import BuildError, read_manifest, verify
from lethebench.builders.verify.files import check_card, check_loading, check_schema, refuse_links_out
from lethebench.builders.verify.findings import Findings
from lethebench.builders.write.columns import features_of
from lethebench.contract import parquet
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.shards import read_shards

FORGET = "qa/forget-00000-of-00001.parquet"
PROFILES = "profiles/forget-00000-of-00001.parquet"
CANDIDATES = "candidates/values-00000-of-00001.parquet"
SECRET = "SECRET KEY OF THE USER"
_events: list[list[str]] = []
sys.addaudithook(
    lambda event, args: (
        [events.append(f"{event} {args}") for events in _events]
        if event in ("open", "socket.connect", "socket.getaddrinfo")
        else None
    )
)


@pytest.fixture
def folder(tmp_path):
    return stand_in_build(tmp_path / "icu")


@pytest.fixture(scope="module")
def shared():
    """A build that tests only read."""
    return shared_stand_in_build()


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "id_rsa"
    path.write_text(SECRET)
    return path


@contextmanager
def nothing_opened(*paths: Path):
    """Fail if one of the paths is opened, or anything is connected to."""
    events: list[str] = []
    _events.append(events)
    try:
        yield
    finally:
        _events.remove(events)
    assert not [event for event in events if event.startswith("socket") or any(str(path) in event for path in paths)]


def problems(folder):
    report = verify(folder)
    assert not report.ok
    return {str(problem) for problem in report.problems}, report


def test_pictures_given_by_path_are_named_and_not_opened(folder, secret):
    paths = [str(secret), "http://127.0.0.1:9/ssrf", "s3://bucket/key", "zip://a.png::x.zip"]

    def change(rows):
        for row, path in zip(rows, paths, strict=False):
            row["images"] = [{"bytes": None, "path": path}]

    for shard in (FORGET, PROFILES):
        rewrite(folder, shard, change)
    with nothing_opened(secret):
        texts, report = problems(folder)
    for shard in (FORGET, PROFILES):
        for number in range(len(paths)):
            assert any(
                f"{shard} row {number} " in text and "is only a path, which is not opened" in text for text in texts
            )
    assert next(check for check in report.checks if check.name == "loading").status == "ok"


@pytest.mark.parametrize("name", ["README.md", "croissant.json", "manifest.json", FORGET, "qa", "new.txt"])
def test_link_out_of_the_build_is_refused(folder, secret, name):
    target = folder / name
    if target.exists():
        moved = folder.parent / "moved"
        target.rename(moved)
        secret = moved
    target.symlink_to(secret)
    with nothing_opened(secret), pytest.raises(BuildError, match=f"{name} is a link out of the build"):
        verify(folder)


def test_snapshot_in_the_cache_of_the_hub_may_link(folder, tmp_path):
    snapshot = tmp_path / "models--a--b" / "snapshots" / "0123"
    snapshot.parent.mkdir(parents=True)
    folder.rename(snapshot)
    (tmp_path / "models--a--b" / "blobs").mkdir()
    blob = tmp_path / "models--a--b" / "blobs" / "cafe"
    (snapshot / "README.md").rename(blob)
    (snapshot / "README.md").symlink_to("../../blobs/cafe")
    refuse_links_out(snapshot)
    (snapshot / "README.md").unlink()
    (snapshot / "README.md").symlink_to("../../other/cafe")
    with pytest.raises(BuildError, match="is a link out"):
        refuse_links_out(snapshot)


CARDS = {
    "other files": ("  - split: forget\n    path:\n", "  - split: forget\n    path:\n    - https://127.0.0.1:9/x.parquet\n"),
    "files above": ("  - split: forget\n    path:\n", "  - split: forget\n    path:\n    - ../id_rsa\n"),
    "folder": ("- config_name: continual\n", "- config_name: continual\n  data_dir: /etc\n"),
    "other config": ("configs:\n", "configs:\n- config_name: mine\n  data_files: https://127.0.0.1:9/x.parquet\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_card_that_names_other_files_is_not_loaded(folder, secret, name):
    text = (folder / "README.md").read_text()
    assert CARDS[name][0] in text
    (folder / "README.md").write_text(text.replace(*CARDS[name], 1))
    findings, manifest = Findings(), read_manifest(folder)
    with nothing_opened(secret):
        check_card(folder, manifest, findings)
        check_loading(folder, manifest, findings)
    assert {problem.check for problem in findings.problems} == {"card"}
    assert findings.skipped["loading"] == "not tried, since the card differs from the manifest"


YAML = [
    "---\n[1, 2]\n---\n", "---\ntext\n---\n",
    "---\nconfigs: 3\n---\n", "---\nconfigs: [a, 1]\n---\n", "---\na: [\n---\n",
    "---\nconfigs: [{config_name: [1]}]\n---\n", "---\nconfigs: [{config_name: continual, data_files: 3}]\n---\n",
    "---\nconfigs: [{config_name: continual, data_files: [{split: {}, path: 1}]}]\n---\n", "\xff", "", "---\n---\n",
    "---\nconfigs: [{config_name: continual, version: 1.0.0, data_files: [{split: forget, path: [1]}]}]\n---\n",
]  # fmt: skip


@pytest.mark.parametrize("text", YAML, ids=range(len(YAML)))
def test_malformed_card_is_one_problem_or_more(shared, tmp_path, text):
    (tmp_path / "README.md").write_text(text, "latin-1")
    shutil.copy(shared / "croissant.json", tmp_path)
    findings = Findings()
    check_card(tmp_path, read_manifest(shared), findings)
    assert findings.problems
    assert all(str(problem).startswith("card: README.md - ") for problem in findings.problems)


CHANGES = [
    (FORGET, {"role": 9}, "role is 9, which is no class label"),
    (FORGET, {"modality": -1}, "modality is -1, which is no class label"),
    (FORGET, {"format": 99}, "format is 99, which is no class label"),
    (FORGET, {"task_id": None, "answer": None}, "null in task_id, answer"),
    (FORGET, {"options": [None]}, "null in options"),
    (FORGET, {"images": [None]}, "null in images"),
    (PROFILES, {"fields": None}, "null in fields"),
    (PROFILES, {"details": [{"attribute": None, "value": "x"}]}, "null in details"),
    (PROFILES, {"role": -5}, "role is -5, which is no class label"),
    (PROFILES, {"portrait": [0, 0, 2_000_000_000, 0, 2_000_000_000, 2_000_000_000, 0, 0]}, "is not on the first"),
    (CANDIDATES, {"values": None}, "null in values"),
    (CANDIDATES, {"values": [None]}, "null in values"),
]
MORE_CHANGES = [
    (PROFILES, {"images": None}, "null in images"),
    (PROFILES, {"portrait": [1, 2, 3]}, "portrait [1, 2, 3] is not on the first picture"),
    (PROFILES, {"thumbnails": [{"bytes": b"", "path": "a"}]}, "a does not decode: an empty file"),
]


@pytest.mark.parametrize("changes", [CHANGES, MORE_CHANGES])
def test_nulls_and_unknown_labels_are_problems(folder, changes, monkeypatch):
    monkeypatch.setattr(sys.modules["lethebench.builders.verify.checks"], "check_loading", lambda *_: None)
    expected = []
    for shard in (FORGET, PROFILES, CANDIDATES):
        of_shard = [(change, reason) for name, change, reason in changes if name == shard]

        def change_rows(rows, of_shard=of_shard):
            for row, (change, _) in zip(rows, of_shard, strict=False):
                row |= change

        if of_shard:
            rewrite(folder, shard, change_rows)
        expected += [(f"{shard} row {number} ", reason) for number, (_, reason) in enumerate(of_shard)]
    texts, _ = problems(folder)
    for row, reason in expected:
        assert any(row in text and reason in text for text in texts), (row, reason)


def test_text_bomb_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(parquet, "MOST_TEXT", 1 << 20)
    rewrite(folder, FORGET, lambda rows: [row.update(question="x" * 100_000) for row in rows] and None)
    assert os.path.getsize(folder / FORGET) < 1 << 20
    texts, report = problems(folder)
    assert f"schema: {FORGET} - has more than 1,048,576 bytes of text" in texts
    assert next(check for check in report.checks if check.name == "loading").detail.startswith(
        "not tried, since qa/forg"
    )
    with pytest.raises(
        UserError, match=r"forget-00000-of-00001\.parquet has more than 1,048,576 bytes of text: rebuild"
    ):
        _ = open_build(folder).forget


def test_shard_with_other_columns_is_not_loaded(folder):
    pq.write_table(pq.read_table(folder / FORGET).drop_columns(["answer"]), folder / FORGET)
    with pytest.raises(UserError, match="has other columns than a build: `lethe verify` names them"):
        read_shards([folder / FORGET], ["0" * 64])


@pytest.mark.parametrize("absolute", [True, False])
def test_shard_outside_the_build_is_not_opened(folder, tmp_path, absolute):
    outside = tmp_path / "outside.parquet"
    (folder / FORGET).rename(outside)
    name = str(outside) if absolute else "../outside.parquet"
    (folder / "manifest.json").write_text((folder / "manifest.json").read_text().replace(FORGET, name))
    with nothing_opened(outside), pytest.raises(BuildError, match="expected a relative path inside the folder"):
        verify(folder)


def test_shard_of_unknown_kind_is_a_problem(tmp_path):
    (tmp_path / "other").mkdir()
    pq.write_table(features_of(FORGET).arrow_schema.empty_table(), tmp_path / "other" / "a.parquet")
    findings = Findings()
    assert check_schema(tmp_path, ["other/a.parquet"], findings) == []
    assert "columns differ from the contract" in findings.problems[0].reason
