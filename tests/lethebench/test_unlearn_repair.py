"""`lethe unlearn` on a damaged run names a command that repairs it."""

import shlex
import shutil
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import initial_run

from lethebench.runs import continual
from lethebench.runs.proof import check_run
from lethebench.runs.stage import Run


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("root")
    initial_run(root)
    return root


@pytest.fixture(autouse=True)
def _copied_stages(monkeypatch):
    """Copy the initial model instead of training."""

    def copy(run: Run, name: str) -> None:
        if not run.is_done(name):
            record = {"stage": 1, "seconds": 1.0, "steps": 1, "parameters": 1, "peak_memory_mb": 1, "settings": {}}
            with run.new_stage(name, record) as folder:
                for path in run.learnt.glob("*"):
                    if path.name not in ("done.json", "gate.json"):
                        shutil.copy(path, folder)

    def train(run: Run, folder: Path, record: dict, title: str) -> None:
        shutil.copytree(run.folder.parent / "learnt", folder, dirs_exist_ok=True)
        (folder / "done.json").unlink()
        record |= {"steps": 1, "seconds": 1.0, "parameters": 1, "peak_memory_mb": 1}

    monkeypatch.setattr(Run, "unlearn", lambda run, method, stage: copy(run, f"{method}/t{stage:03d}"))
    monkeypatch.setattr(Run, "gold", lambda run, stage, gold="gold": copy(run, f"{gold}/t{stage:03d}"))
    monkeypatch.setattr(Run, "_train", train)
    monkeypatch.setattr(continual, "headline", lambda result: "")  # the copied rows are of no task


@pytest.mark.parametrize("damaged", ["npo/t001", "learnt"])
@pytest.mark.parametrize("methods", [["npo"], ["npo", "ga"]])
def test_advice_names_a_command_that_repairs(root, tmp_path, methods, damaged):
    run = shutil.copytree(root / "run", tmp_path / "run")
    shutil.copytree(run / "learnt", tmp_path / "learnt")
    words = [str(root / "icu"), "--from", str(run), "--ignore-gate"]
    for method in methods:
        assert lethe("unlearn", method, *words, "--set", f"{method}.learning_rate=0.002").status == 0
    (run / damaged / "rows.parquet").write_bytes(b"forged")
    done = lethe("unlearn", "npo", *words)
    assert done.status == 2
    _, command, what = done.line.split("`")
    assert what == " runs this stage and what depends on it again"
    repaired = lethe(*shlex.split(command)[1:])
    assert "repair: running " in repaired.error
    assert repaired.status == 0
    check_run(run, hashed=None)
    assert "forged" not in (run / damaged / "rows.parquet").read_bytes().decode("latin-1")
    assert "already unlearned" in lethe("unlearn", "npo", *words).line


def test_damaged_initial_model_without_methods_is_repaired_by_learn(root, tmp_path):
    run = shutil.copytree(root / "run", tmp_path / "run")
    shutil.copytree(run / "learnt", tmp_path / "learnt")
    (run / "learnt/rows.parquet").write_bytes(b"forged")
    words = [str(root / "icu"), "--from", str(run), "--ignore-gate"]
    _, command, _ = lethe("unlearn", "npo", *words).line.split("`")
    assert command.startswith("lethe learn ")
    assert lethe(*shlex.split(command)[1:]).status == 0
    assert lethe("unlearn", "npo", *words).status == 0


def test_damaged_gold_model_without_methods_is_removed_and_retrained(root, tmp_path):
    run = shutil.copytree(root / "run", tmp_path / "run")
    words = [str(root / "icu"), "--from", str(run), "--ignore-gate"]
    assert lethe("unlearn", "retrain", *words).status == 0
    (run / "gold/t001/rows.parquet").write_bytes(b"forged")
    line = lethe("unlearn", "npo", *words).line
    assert f"remove {run}/gold and retrain by `" in line
    shutil.rmtree(run / "gold")
    assert lethe(*shlex.split(line.split("`")[1])[1:], "--ignore-gate").status == 0
    check_run(run, hashed=None)
