"""Folders appear whole or not at all; nothing is replaced or removed that the tool did not write."""

import ast
import json
import os
import threading
from pathlib import Path

import pytest

import lethebench
from lethebench.contract import own_folder
from lethebench.contract.errors import UserError
from lethebench.contract.folder_kinds import BUILD, EVALUATION, KINDS, MARKER, REPORT, STAGE
from lethebench.contract.own_folder import (
    kept_file,
    lock,
    new_file,
    new_folder,
    refuse_foreign,
    remove_kept,
    work_folder,
)


def write(out: Path, text: str, kind=REPORT) -> None:
    """Write a folder of two files."""
    with new_folder(out, kind) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "page").write_text(text)
        if kind is BUILD:
            content = {"benchmark": "x", "version": "1", "files": {"sub/page": {}}}
            (folder / "manifest.json").write_text(json.dumps(content))


def tree(folder: Path) -> dict[str, str]:
    """Return the text of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_folder_is_replaced_by_its_own_kind_only(kind, tmp_path):
    out = tmp_path / "out"
    write(out, "one", kind)
    assert (out / "sub" / "page").read_text() == "one"
    write(out, "two", kind)
    assert (out / "sub" / "page").read_text() == "two"
    before = tree(tmp_path)
    for other in KINDS:
        if other is not kind:
            with pytest.raises(UserError, match=rf"is not empty and is not {other.name} \(e\.g\. "):
                write(out, "three", other)
    assert tree(tmp_path) == before
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["notes.txt", "sub/more", "empty/", "link", ".git/config", "sub/\udce9"])
@pytest.mark.parametrize("kind", [BUILD, EVALUATION], ids=lambda kind: kind.name)
def test_foreign_file_is_refused_before_work(kind, name, tmp_path):
    out = tmp_path / "out"
    write(out, "one", kind)
    if name == "link":
        (out / name).symlink_to(tmp_path)
    elif name.endswith("/"):
        (out / name).mkdir()
    else:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    before = tree(out)
    with pytest.raises(UserError, match="also holds") as caught:
        write(out, "two", kind)
    assert name in str(caught.value)
    assert tree(out) == before
    assert os.path.lexists(out / name)
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("exists", [False, True])
def test_foreign_file_that_comes_meanwhile_keeps_both(exists, tmp_path):
    out = tmp_path / "out"
    if exists:
        write(out, "one")
    with (  # noqa: PT012
        pytest.raises(UserError, match=r"holds thesis\.doc, which came while .* the result is in .*out\.new1"),
        new_folder(out, REPORT) as folder,
    ):
        (folder / "page").write_text("two")
        out.mkdir(exist_ok=True)
        (out / "thesis.doc").write_text("mine")
    assert (out / "thesis.doc").read_text() == "mine"
    assert (out / "sub").exists() == exists
    assert (tmp_path / "out.new1" / "page").read_text() == "two"
    assert sorted(os.listdir(tmp_path)) == ["out", "out.new1"]


def test_foreign_file_that_comes_at_the_exchange_is_put_back(tmp_path, monkeypatch):
    out, exchange = tmp_path / "out", own_folder._exchange
    write(out, "one")

    def slow(one, other):
        if not (out / "thesis.doc").exists():
            (out / "thesis.doc").write_text("mine")
        return exchange(one, other)

    monkeypatch.setattr(own_folder, "_exchange", slow)
    with pytest.raises(UserError, match=r"holds thesis\.doc"):
        write(out, "two")
    assert (out / "thesis.doc").read_text() == "mine"
    assert (out / "sub" / "page").read_text() == "one"
    assert (tmp_path / "out.new1" / "sub" / "page").read_text() == "two"


def test_folder_is_replaced_where_names_cannot_be_exchanged(tmp_path, monkeypatch):
    monkeypatch.setattr(own_folder, "_exchange", lambda one, other: False)
    for text in ("one", "two"):
        write(tmp_path / "out", text)
        assert (tmp_path / "out" / "sub" / "page").read_text() == text
    assert os.listdir(tmp_path) == ["out"]


def test_failure_leaves_the_old_folder_and_nothing_else(tmp_path):
    for out in (tmp_path / "out", tmp_path / "a" / "b" / "out"):
        with pytest.raises(ZeroDivisionError), new_folder(out, REPORT) as folder:
            (folder / "page").write_text(f"{1 / 0}")
        assert os.listdir(tmp_path) == []
    write(tmp_path / "out", "one")
    before = tree(tmp_path)
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "out", REPORT):
        raise ZeroDivisionError
    assert tree(tmp_path) == before
    assert os.listdir(tmp_path) == ["out"]


def test_odd_outputs_are_refused_before_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    cases = {
        "file": "is a file",
        "file/sub/out": "which is a file",
        "loop": "cannot be written",
        "here": "is the current directory",
        "/proc": "is a mount point",
        "/": "is a mount point",
    }
    for name, words in cases.items():
        with pytest.raises(UserError, match=words):
            refuse_foreign(tmp_path / name, REPORT)
    assert sorted(os.listdir(tmp_path)) == ["file", "here", "loop"]


@pytest.mark.parametrize("target", ["empty", "missing", "report"])
def test_link_is_followed(target, tmp_path):
    (tmp_path / "disk").mkdir()
    if target == "report":
        write(tmp_path / "disk" / target, "one")
    elif target == "empty":
        (tmp_path / "disk" / target).mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / target)
    write(tmp_path / "out", "two")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / target / "sub" / "page").read_text() == "two"
    assert os.listdir(tmp_path / "disk") == [target]


def test_foreign_work_folder_is_refused(tmp_path):
    work = work_folder(tmp_path / "out")
    work.mkdir()
    (work / "diary").write_text("mine")
    with pytest.raises(UserError, match=r"out\.lethe/diary is not from lethebench"):
        write(tmp_path / "out", "one")
    assert tree(tmp_path) == {".out.lethe/diary": "mine"}


def test_one_of_many_writers_wins_and_the_others_are_refused(tmp_path):
    started, results = threading.Barrier(8), []

    def one(number):
        started.wait()
        try:
            write(tmp_path / "a" / "out", str(number))
            results.append("written")
        except UserError as error:
            results.append(str(error))

    for _ in range(20):
        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert os.listdir(tmp_path / "a") == ["out"]
    assert len(results) == 160
    assert results.count("written") >= 20
    assert all(text == "written" or "another process is writing there" in text for text in results)


def test_kept_file_outlives_a_failed_command(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ZeroDivisionError), new_folder(out, EVALUATION):
        1 / kept_file(out, "answers").write_text("paid").imag
    assert not out.exists()
    with new_folder(out, EVALUATION):
        assert kept_file(out, "answers").read_text() == "paid"
    assert sorted(os.listdir(tmp_path)) == [".out.lethe", "out"]
    remove_kept(out, "answers")
    assert os.listdir(tmp_path) == ["out"]


def test_lock_cleans_up_after_killed_processes(tmp_path):
    run, stage = tmp_path / "run", tmp_path / "run" / "npo" / "t001"
    write(stage, "done", STAGE)
    work = work_folder(run / "npo" / "t002")
    (work / "new" / "sub").mkdir(parents=True)
    (work / MARKER).write_text(json.dumps({"kind": "work", "id": "t002", "files": []}))
    (work / "new" / "sub" / "half").write_text("half")
    (run / ".run.json.lethe-partial").write_text("{")
    (run / ".early.lethe").mkdir()
    (run / ".later.lethe").mkdir()
    (run / ".later.lethe" / MARKER).touch()
    (run / ".mine.lethe").mkdir()
    (run / ".mine.lethe" / "diary").write_text("mine")
    with lock(run / ".lock", "busy"):
        assert sorted(os.listdir(run)) == [".lock", ".mine.lethe", "npo"]
    assert sorted(tree(run)) == [".mine.lethe/diary", "npo/t001/.lethe.json", "npo/t001/sub/page"]


def test_lock_leaves_no_folder_and_is_exclusive(tmp_path):
    with lock(tmp_path / "a" / "run" / ".lock", "busy"):
        with pytest.raises(UserError, match="busy"), lock(tmp_path / "a" / "run" / ".lock", "busy"):
            pass
        assert (tmp_path / "a" / "run" / ".lock").exists()
    assert os.listdir(tmp_path) == []


def test_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), new_file(path) as unfinished:
        1 / unfinished.write_text("ne").imag
    assert tree(tmp_path) == {"file": "old"}
    with new_file(path) as unfinished:
        unfinished.write_text("new")
    assert tree(tmp_path) == {"file": "new"}


PACKAGE = Path(lethebench.__file__).parents[1]
FOLDERS = ("baselines", "builders", "cards", "contract", "evaluation", "generation", "lethebench")


def test_nothing_else_renames_or_removes():
    assert (PACKAGE / "contract").is_dir()
    calls = []
    for path in sorted(path for folder in FOLDERS for path in (PACKAGE / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _changes_names(node):
                calls.append(f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}")
            if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil"):
                names = {alias.name for alias in node.names}
                calls += [
                    f"{path}: {name}" for name in names & {"rmtree", "rename", "replace", "move", "remove", "unlink"}
                ]
    assert [call for call in calls if not call.startswith("contract/own_folder.py")] == []
    assert len(calls) > 5


def _changes_names(call: ast.Call) -> bool:
    """Return whether a call is one of `os`, `shutil` or `Path` that renames or removes; str.replace takes two texts."""
    name, owner = call.func.attr, ast.unparse(call.func.value)
    if name in ("rmtree", "rename", "renames", "unlink", "rmdir", "removedirs", "link_to", "hardlink_to"):
        return True
    if name in ("remove", "move"):
        return owner in ("os", "shutil")
    return name == "replace" and (owner == "os" or (len(call.args) == 1 and not call.keywords))
