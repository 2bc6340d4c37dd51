"""A grid of two runs that share their initial and gold models, one after the other in this process."""

import json
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import score_every
from small_build import shared_stand_in_build
from tiny_models import save_llava

from lethebench.runs.folder import read_json

pytestmark = pytest.mark.usefixtures("short_answers", "fewer_resamples")
STEPS = {"max_steps": 1, "per_device_train_batch_size": 4}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A folder with a grid that was executed."""
    root = tmp_path_factory.mktemp("root")
    content = {
        "data": str(shared_stand_in_build()),
        "out": "runs",
        "engine": "debug",
        "model": str(save_llava(root / "base")),
        "method": ["npo", "ga"],
        "tasks": 1,
        "ignore-gate": True,
        "set": {"learn": STEPS, "npo": STEPS, "ga": STEPS},
    }
    (root / "grid.yaml").write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 48)
        result = lethe("grid", "grid.yaml", cwd=root)
    assert result.status == 0, result.error
    return root


def test_runs_share_their_models_and_the_report(root):
    base = read_json(root / "runs/base-s0/run.json")
    for method in ("npo", "ga"):
        for stage in ("learnt", "gold/t001"):
            assert read_json(root / f"runs/{method}-s0/{stage}/done.json")["taken_from"]["run"] == base["id"]
    assert "npo-s0" in (root / "runs/report/report.html").read_text()


def test_states_of_a_finished_grid(root):
    result = lethe("grid", "grid.yaml", "--status", "--json", cwd=root)
    runs = json.loads(result.out)["runs"]
    assert [(run["name"], run["state"], run["stages"]) for run in runs] == [
        ("base-s0", "done", 2),
        ("npo-s0", "done", 3),
        ("ga-s0", "done", 3),
    ]


def test_finished_grid_runs_nothing_again(root):
    before = {path: path.stat().st_mtime_ns for path in (root / "runs").rglob("done.json")}
    result = lethe("grid", "grid.yaml", cwd=root)
    assert result.status == 0
    assert "3 runs: 3 done" in result.out
    assert {path: path.stat().st_mtime_ns for path in (root / "runs").rglob("done.json")} == before


def test_report_is_written_again(root):
    (root / "runs/report/report.html").unlink()
    result = lethe("grid", "grid.yaml", "--report", cwd=root)
    assert (result.status, result.out.strip()) == (0, "runs/report/report.html"), result.error


def test_failed_run_is_named_and_others_finish(root):
    (root / "runs/kl-s0").mkdir()
    (root / "runs/kl-s0/notes.txt").write_text("mine")
    content = read_json(root / "grid.yaml")
    (root / "more.yaml").write_text(json.dumps(content | {"method": ["kl", "npo", "ga"]}))
    result = lethe("grid", "more.yaml", cwd=root)
    assert result.status == 1
    assert "kl-s0 is not empty and not a run (e.g. notes.txt)" in result.error
    assert "4 runs: 3 done, 1 failed" in result.out
    assert "failed: kl-s0: exit status 2" in result.out
