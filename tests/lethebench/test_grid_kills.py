"""A grid of 12 runs on this machine whose command, jobs and processes are killed: the same command finishes it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import lethe
from initial_run import rows_of
from slurm_machine import wait_for
from small_build import real_build

CONTROLLER, TASK = "submitit.local._local", "submitit.core._submit"
STEPS = {"max_steps": 2, "per_device_train_batch_size": 8}


def grid_file(folder: Path) -> Path:
    content = {
        "data": str(real_build()),
        "out": "runs",
        "method": ["npo", "ga", "simnpo"],
        "order-seed": [None, 1],
        "seed": [0, 1],
        "ignore-gate": True,
        "set": {"learn": {"max_steps": 5}, "npo": STEPS, "ga": STEPS, "simnpo": STEPS},
        "local": {"parallel": 2},
    }
    path = folder / "grid.yaml"
    path.write_text(json.dumps(content))
    return path


def start(folder: Path) -> subprocess.Popen:
    """Start `lethe grid`, whose output goes to a file, since runs that outlive it would keep a pipe open."""
    with (folder / "out.txt").open("a") as log:
        command = [sys.executable, "-m", "lethebench", "grid", "grid.yaml"]
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def processes(jobs: Path, module: str) -> dict[str, int]:
    """Return run -> process of its job that executes a module."""
    pids = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if module.encode() in words and Path(os.fsdecode(words[-1])).parent == jobs:
            pids[Path(os.fsdecode(words[-1])).name] = int(entry.name)
    return pids


@pytest.fixture
def jobs(tmp_path):
    """The folder of jobs, whose processes outlive a test that fails."""
    yield tmp_path / "runs/jobs"
    for module in (CONTROLLER, TASK):
        for pid in processes(tmp_path / "runs/jobs", module).values():
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_grid_is_finished_by_the_same_command(tmp_path, jobs):
    grid_file(tmp_path)
    unsafe: set[str] = set()

    def begun() -> str | None:
        """Return a run with methods that is in the middle and was not killed yet."""
        names = [name for name in processes(jobs, TASK) if not name.startswith("base") and name not in unsafe]
        return next((name for name in names if (tmp_path / "runs" / name / "run.json").exists()), None)

    child = start(tmp_path)
    wait_for(lambda: len(processes(jobs, TASK)) == 2)
    child.kill()  # 1: the command; its runs continue
    child.wait()
    assert len(processes(jobs, TASK)) == 2

    child = start(tmp_path)
    preempted = wait_for(begun)
    unsafe.add(preempted)
    os.kill(processes(jobs, TASK)[preempted], signal.SIGUSR2)  # 2: preempted, so checkpointed and requeued
    wait_for(lambda: "Requeued job" in next((jobs / preempted).glob("*.out")).read_text())
    killed = wait_for(begun)
    unsafe.add(killed)
    os.kill(processes(jobs, TASK)[killed], signal.SIGKILL)  # 3: the process of a run
    lost = wait_for(begun)
    unsafe.add(lost)
    for module in (CONTROLLER, TASK):  # 4: a run with the process that watches it
        os.kill(processes(jobs, module)[lost], signal.SIGKILL)
    wait_for(lambda: f"{lost}: failed" in (tmp_path / "out.txt").read_text())
    child.terminate()  # 5: the command again
    assert child.wait() == 143
    states = json.loads(lethe("grid", "grid.yaml", "--status", "--json", cwd=tmp_path).out)
    failed = {run["name"]: run["line"] for run in states["runs"] if run["state"] == "failed"}
    assert set(failed) == {killed, lost}
    assert all("ended without a result; last line: " in line for line in failed.values())

    assert start(tmp_path).wait() == 0
    states = json.loads(lethe("grid", "grid.yaml", "--status", "--json", cwd=tmp_path).out)
    assert states["counts"] == {"done": 14, "running": 0, "failed": 0, "waiting": 0}
    assert (tmp_path / states["report"]).is_file()
    assert not processes(jobs, TASK)
    assert [len(list((jobs / name).glob("*_submitted.pkl"))) for name in (preempted, killed, lost)] == [1, 2, 2]

    command = next(
        line for line in lethe("grid", "grid.yaml", "--commands", cwd=tmp_path).out.splitlines() if killed in line
    )
    words = command.replace(f"--out runs/{killed}", "--out alone").partition(" --from ")[0].split()[1:]
    assert lethe(*words, cwd=tmp_path).status == 0
    stages = ["learnt", "gold/t002", *(f"{killed.partition('-')[0]}/t00{number}" for number in (1, 2))]
    for stage in stages:
        assert rows_of(tmp_path / "alone" / stage) == rows_of(tmp_path / "runs" / killed / stage)
