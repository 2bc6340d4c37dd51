"""`lethe demo` replaces an earlier demo and nothing else; a run takes no folder of others."""

import json
import os
import shutil
from functools import partial

import pytest
from command_line import lethe
from initial_run import score_every
from small_build import stand_in_build, use_stand_ins
from synthetic_run import write_run

from lethebench.contract.folder_kinds import REPORT, STAGE, listing
from lethebench.contract.own_folder import new_folder
from lethebench.errors import UserError
from lethebench.runs import demo
from lethebench.runs.folder import locked
from lethebench.runs.options import RunOptions


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder as a demo leaves it."""
    out = tmp_path_factory.mktemp("demos") / "demo"
    with locked(out):
        demo._clear(out)
        stand_in_build(out / "data")
        for stage in ("learnt", "ga/t001", "npo/t001", "gold/t001"):
            with new_folder(out / stage, STAGE) as folder:
                (folder / "rows").touch()
        with new_folder(out / "report", REPORT) as folder:
            (folder / "report.html").touch()
        for name in ("run.json", "ga/summary.json", "gold/summary.json"):
            (out / name).write_text("{}")
    return out


@pytest.fixture
def out(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "demo")


def test_earlier_demo_is_removed_with_all_its_parts(out):
    assert len(listing(out)) > 15
    with locked(out):
        demo._clear(out)
        assert sorted(os.listdir(out)) == [".lethe.json", ".lock"]


@pytest.mark.parametrize("name", ["notes.md", ".git/config", "ga/t001/plot.png", "data/qa/more.parquet", "x/t001/rows"])
def test_file_that_no_demo_wrote_is_refused(name, out):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_text("mine")
    before = listing(out)
    with pytest.raises(UserError, match="which no demo wrote") as caught:
        demo.demo_command(out, seed=0, resume=False)
    assert name in str(caught.value)
    assert listing(out) == before


def test_run_and_folder_named_data_are_refused(tmp_path):
    run = write_run(tmp_path / "run", tasks=1, methods=("ga",))
    (tmp_path / "own" / "data").mkdir(parents=True)
    (tmp_path / "own" / "data" / "results.csv").write_text("mine")
    (tmp_path / "built").mkdir()
    stand_in_build(tmp_path / "built" / "data")
    for folder in (run, tmp_path / "own", tmp_path / "built"):
        before = listing(folder)
        with pytest.raises(UserError, match="which no demo wrote"):
            demo.demo_command(folder, seed=0, resume=False)
        assert listing(folder) == before


def test_demo_killed_while_it_is_removed_is_still_a_demo(out, monkeypatch):
    honest, removed = demo.remove_listed, []

    def interrupted(folder, files, last):
        removed.append(folder)
        if len(removed) == 3:
            raise KeyboardInterrupt
        honest(folder, files, last)

    monkeypatch.setattr(demo, "remove_listed", interrupted)
    with pytest.raises(KeyboardInterrupt), locked(out):
        demo._clear(out)
    monkeypatch.undo()
    with locked(out):
        demo._clear(out)
    assert os.listdir(out) == [".lethe.json"]
    assert json.loads((out / ".lethe.json").read_text())["kind"] == "a demo"


def test_demo_resumed_before_it_began_is_a_demo(tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "build", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.demo_command(tmp_path / "demo", seed=0, resume=True)
    assert os.listdir(tmp_path / "demo") == [".lethe.json"]


def test_repair_without_resume_removes_nothing(out):
    before = listing(out)
    with pytest.raises(UserError, match=r"--repair.*pass --resume too"):
        demo.demo_command(out, seed=0, resume=False, repair=True)
    assert listing(out) == before


@pytest.mark.slow
def test_demo_with_a_forged_stage_is_refused_and_repaired(tmp_path, monkeypatch):
    use_stand_ins(monkeypatch)
    score_every(monkeypatch, 40)
    monkeypatch.setattr(demo, "SIZE", "8")
    monkeypatch.setattr(demo, "METHODS", ("ga",))
    short = {"learn": {"max_steps": 1}, "ga": {"max_steps": 1}}
    monkeypatch.setattr(demo, "RunOptions", partial(RunOptions, settings=short, ignore_gate=True, tasks=1))
    command = ("demo", "--out", tmp_path / "demo")
    assert lethe(*command).status == 0
    rows = tmp_path / "demo/ga/t001/rows.parquet"
    honest = rows.read_bytes()
    rows.write_bytes(honest[:-1] + b"2")
    done = lethe(*command, "--resume")
    assert done.status == 2
    assert "ga/t001/rows.parquet was changed" in done.line
    assert "--resume --repair" in done.line
    done = lethe(*command, "--resume", "--repair")
    assert done.status == 0, done.error
    assert "repair: running ga/t001 again" in done.error
    assert rows.read_bytes() == honest


def test_run_in_a_folder_of_others_is_refused(tmp_path):
    data = stand_in_build(tmp_path / "icu")
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "notes.md").write_text("mine")
    done = lethe("learn", data, "--model", "tiny", "--out", out)
    assert done.status == 2
    assert r"thesis is not empty and not a run (e.g. notes.md)" in done.line
    assert os.listdir(out) == ["notes.md"]
