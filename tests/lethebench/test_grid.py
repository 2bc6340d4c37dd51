"""`lethe grid`: the runs that a file gives, their names, shared models and states, and files that are refused."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import submitit
from command_line import lethe
from small_build import shared_stand_in_build

from lethebench.contract.errors import UserError
from lethebench.grid import engines
from lethebench.grid.command import _check_same
from lethebench.grid.engines import Local, Slurm
from lethebench.grid.job import CommandFailed, CommandJob
from lethebench.grid.plan import read_grid
from lethebench.grid.states import Live, last_line, planned_stages, states_of, table
from lethebench.runs.build import open_build
from lethebench.runs.options import RunOptions

FILE = {"data": "build/icu", "out": "runs/grid"}


def grid_of(folder: Path, **content):
    path = folder / "grid.yaml"
    path.write_text(json.dumps({key.replace("_", "-"): value for key, value in (FILE | content).items()}))
    return read_grid(path)


def test_lists_are_axes_and_others_fixed(tmp_path):
    grid = grid_of(tmp_path, method=["npo", "ga"], seed=[0, 3], score_every=10, set={"learn": {"max_steps": 5}})
    names = ["base-s0", "base-s3", "npo-s0", "npo-s3", "ga-s0", "ga-s3"]
    assert [cell.name for cell in grid.cells] == names
    assert [cell.source and cell.source.name for cell in grid.cells] == [None, None, *["base-s0", "base-s3"] * 2]
    options = RunOptions(
        data=Path("build/icu"), methods=("ga",), seed=3, score_every=10, settings={"learn": {"max_steps": 5}}
    )
    assert grid.cells[-1].options == options
    words = grid.cells[-1].words()
    assert words[:5] == ["lethe", "run", "build/icu", "--method", "ga"]
    assert shlex.join(words).endswith(" --from runs/grid/base-s3 --resume")
    assert "--method none" in shlex.join(grid.cells[0].words())


CASES = {
    "one run": ({}, ["base-s0", "npo-s0"]),
    "orders share gold": ({"order-seed": [None, 1]}, ["base-s0", "npo-odefault-s0", "npo-o1-s0"]),
    "gold of some tasks": (
        {"order-seed": [1, 2], "gold": "all"},
        ["base-o1-s0", "base-o2-s0", "npo-o1-s0", "npo-o2-s0"],
    ),
    "models": ({"model": ["tiny", "org/a"]}, ["base-tiny-s0", "base-a-s0", "npo-tiny-s0", "npo-a-s0"]),
    "models of one name": (
        {"model": ["x/a", "y/a"]},
        ["base-x-a-s0", "base-y-a-s0", "npo-x-a-s0", "npo-y-a-s0"],
    ),
    "settings of training": (
        {"settings": {"slow": {"learn.max_steps": 9}, "fast": {"learn.max_steps": 3}}},
        ["base-slow-s0", "base-fast-s0", "npo-slow-s0", "npo-fast-s0"],
    ),
    "settings of one method": (
        {"method": ["npo", "ga"], "settings": {"plain": {}, "hot": {"npo.beta": 0.4}}},
        ["base-s0", "npo-plain-s0", "npo-hot-s0", "ga-plain-s0"],
    ),
    "any option": ({"retain": ["rest", "fixed"], "tasks": [1, 2]}, None),
    "two methods in a run": ({"method": ["npo,ga", "kl"]}, ["base-s0", "npo+ga-s0", "kl-s0"]),
}


@pytest.mark.parametrize(("content", "names"), CASES.values(), ids=CASES)
def test_names_and_shared_runs(content, names, tmp_path):
    grid = grid_of(tmp_path, **content)
    if names:
        assert [cell.name for cell in grid.cells] == names
    assert len({cell.folder for cell in grid.cells}) == len(grid.cells)
    for index, cell in enumerate(grid.cells):
        assert cell.source is None or cell.source in grid.cells[:index]


def test_initial_model_is_trained_once_for_gold_models_of_several_requests(tmp_path):
    bases = [cell for cell in grid_of(tmp_path, tasks=[1, 2], seed=[0, 1]).cells if cell.shared]
    sources = {cell.name: cell.source and cell.source.name for cell in bases}
    assert sources == {
        "base-tasks-1-s0": None,
        "base-tasks-1-s1": None,
        "base-tasks-2-s0": "base-tasks-1-s0",
        "base-tasks-2-s1": "base-tasks-1-s1",
    }


REFUSED = {
    "unknown option": ({"metod": "npo"}, "unknown option 'metod'; did you mean 'method'?"),
    "unknown method": ({"method": ["npo", "nop"]}, "unknown method 'nop'"),
    "method twice": ({"method": ["npo", "ga", "npo"]}, "method: npo is given twice; remove one"),
    "seed twice": ({"seed": [1, 1]}, "seed: 1 is given twice; remove one"),
    "empty axis": ({"seed": []}, "seed is an empty list; give at least one value"),
    "no settings": ({"settings": {}}, "settings is empty; give at least one name with its settings"),
    "list of settings": ({"set": ["npo.beta=1"]}, 'set is ["npo.beta=1"], and must be a mapping'),
    "settings of no method": ({"set": {"simnpo": {"beta": 1}}}, "unknown section 'simnpo'"),
    "unknown setting": ({"set": {"npo": {"bta": 1}}}, "npo: unknown setting 'bta'; did you mean 'beta'?"),
    "wrong type": ({"seed": ["zero"]}, "seed is zero, and must be a whole number"),
    "out of range": ({"gold-seeds": [0]}, "Invalid value for '--gold-seeds'"),
    "unknown engine": ({"engine": "slrum"}, "unknown engine 'slrum'; did you mean 'slurm'?"),
    "unknown parameter": ({"local": {"paralel": 2}}, "local: unknown parameter 'paralel'; did you mean 'parallel'?"),
    "parameter of a wrong type": ({"local": {"parallel": 0}}, "local: parallel is 0, and must be a number above 0"),
    "GPU twice": ({"local": {"gpus": [0, 0]}}, "local: gpus is [0, 0], and must be a list of different numbers"),
    "more runs than GPUs": ({"local": {"parallel": 3, "gpus": [0, 1]}}, "parallel is 3, but there are 2 GPUs"),
    "no build": ({"data": "absent"}, "absent is not a folder: build one with"),
    "no data": ({"data": None}, "data is missing; give a build"),
    "no out": ({"out": None}, "out is missing; give a folder for runs"),
    "too many tasks": ({"tasks": [1, 99]}, "--tasks 99: build/icu has 2 tasks; pass 1 to 2"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_wrong_file_is_refused_in_one_line_before_any_work(content, message, tmp_path):
    (tmp_path / "build").mkdir()
    (tmp_path / "build/icu").symlink_to(shared_stand_in_build())
    (tmp_path / "grid.yaml").write_text(json.dumps(FILE | content))
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert result.status == 2
    assert message in result.line
    assert sorted(os.listdir(tmp_path)) == ["build", "grid.yaml"]


def test_key_given_twice_is_refused(tmp_path):
    (tmp_path / "grid.yaml").write_text("data: build/icu\nout: runs\nseed: [0]\nseed: [1]\n")
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert (result.status, "'seed' is given twice; remove one" in result.line) == (2, True)


def test_engine_that_is_not_installed_is_refused(tmp_path, monkeypatch):
    grid_of(tmp_path)
    monkeypatch.setattr(engines.shutil, "which", lambda name: None)
    result = lethe("grid", "grid.yaml", "--engine", "slurm", cwd=tmp_path)
    assert (result.status, "sbatch is not on this machine" in result.line) == (2, True)
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert (result.status, "pip install 'lethebench[grid]'" in result.line) == (2, True)


@pytest.fixture
def slurm(monkeypatch) -> list[str]:
    """Stand-ins for sbatch and squeue; returns the scripts that are submitted."""
    scripts: list[str] = []

    def submit(self, command):
        path = next(self.folder.glob("submission_file_*.sh"), None)
        text = self._make_submission_file_text(command, "")
        scripts.append(text)
        path = path or self.folder / "submission_file_x.sh"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        job = submitit.SlurmJob(folder=self.folder, job_id=str(100 + len(scripts)), tasks=[0])
        job.paths.move_temporary_file(path, "submission_file", keep_as_symlink=True)
        return job

    monkeypatch.setattr(engines.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(submitit.SlurmExecutor, "_submit_command", submit)
    monkeypatch.setattr(submitit.SlurmExecutor, "affinity", classmethod(lambda cls: 2))
    monkeypatch.setattr(
        engines, "_output", lambda *words: "".join(f"{101 + index}|PENDING|None\n" for index in range(len(scripts)))
    )
    return scripts


def test_submission_scripts_of_slurm(tmp_path, slurm, monkeypatch):
    (tmp_path / "icu").symlink_to(shared_stand_in_build())
    section = {"partition": "gpu", "gpus_per_node": 1, "cpus_per_task": 8, "mem_gb": 64, "timeout_min": 300}
    grid_of(tmp_path, data="icu", out="runs/g", engine="slurm", method=["npo", "ga"], slurm=section)
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert result.status == 0, result.error
    assert "3 runs submitted to Slurm" in result.error
    flags = [dict(line[10:].partition("=")[::2] for line in text.splitlines() if "#SBATCH" in line) for text in slurm]
    jobs = tmp_path / "runs/g/jobs"
    assert flags[1] == {
        "cpus-per-task": "8",
        "dependency": "afterok:101",
        "error": f"{jobs}/npo-s0/%j_0_log.err",
        "gpus-per-node": "1",
        "job-name": "g-npo-s0",
        "kill-on-invalid-dep": "yes",
        "mem": "64GB",
        "nodes": "1",
        "open-mode": "append",
        "output": f"{jobs}/npo-s0/%j_0_log.out",
        "partition": "gpu",
        "requeue": "",
        "signal": "USR2@90",
        "time": "300",
        "wckey": "submitit",
    }
    dependencies = [one.get("dependency") for one in flags]
    assert dependencies == [None, "afterok:101", "afterok:101", "afterany:101:102:103"]
    assert flags[3]["job-name"] == "g-report"
    python = f"{shlex.quote(sys.executable)} -u -m submitit.core._submit {jobs}/npo-s0"
    assert slurm[1].endswith(
        f"srun --unbuffered --output {jobs}/npo-s0/%j_%t_log.out --error {jobs}/npo-s0/%j_%t_log.err "
        f"--kill-on-bad-exit=1 {python}\n"
    )


def test_slurm_submits_what_has_no_job_and_names_what_failed(tmp_path, slurm, monkeypatch):
    (tmp_path / "icu").symlink_to(shared_stand_in_build())
    grid_of(tmp_path, data="icu", out="runs/g", engine="slurm", seed=[0, 1])
    lethe("grid", "grid.yaml", cwd=tmp_path)
    queue = "101|RUNNING|None\n103|PENDING|Dependency\n105|PENDING|Dependency\n"
    calls = []
    monkeypatch.setattr(engines, "_output", lambda *words: calls.append(words) or queue)
    (tmp_path / "runs/g/jobs/base-s1/102_0_log.err").write_text("lethe: memorization gate failed: 0.1\nTraceback\n")
    (tmp_path / "runs/g/jobs/base-s1/102_0_result.pkl").touch()
    result = lethe("grid", "grid.yaml", "--status", cwd=tmp_path)
    assert "4 runs: 1 running, 1 failed, 2 waiting" in result.out
    log = tmp_path / "runs/g/jobs/base-s1/102_0_log.err"
    assert f"failed: base-s1: memorization gate failed: 0.1; log: {log}" in result.out
    assert len(slurm) == 5
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert "2 runs submitted to Slurm" in result.error
    assert ["afterok:106" in text for text in slurm[5:]] == [False, True, False]
    assert "afterany:101:106:103:107" in slurm[-1]
    assert ("scancel", "105") in calls


def test_error_of_slurm_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "icu").symlink_to(shared_stand_in_build())
    grid_of(tmp_path, data="icu", engine="slurm")
    for name in ("sbatch", "srun", "squeue"):
        (tmp_path / name).write_text(
            "#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1"
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert (result.status, "Unable to contact slurm controller" in result.line) == (2, True)
    (tmp_path / "squeue").write_text("#!/bin/sh\n")
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: x' >&2; exit 1")
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert result.status == 2
    assert "base-s0 cannot be submitted to Slurm: sbatch: error: invalid partition specified: x; see" in result.line


def test_states_of_runs(tmp_path):
    grid = grid_of(tmp_path, out=str(tmp_path / "runs"), method=["npo", "ga", "kl"], seed=[0])
    requests = {cell.name: 2 for cell in grid.cells}
    base, npo, *_ = grid.cells
    assert planned_stages(npo, 2) == ["learnt", "npo/t001", "npo/t002", "gold/t002"]
    live = {grid.jobs("npo-s0"): Live("7"), grid.jobs("kl-s0"): Live("9", False, "Resources")}

    def states() -> dict[str, tuple]:
        return {one.cell.name: (one.name, one.stages, one.line) for one in states_of(grid, requests, live.get)}

    assert states()["ga-s0"] == ("waiting", 0, "needs base-s0")
    grid.jobs("ga-s0").mkdir(parents=True)
    (grid.jobs("ga-s0") / "8_submitted.pkl").touch()
    assert states()["ga-s0"] == ("waiting", 0, "needs base-s0")  # its job was removed with that of base-s0
    for stage in planned_stages(base, 2):
        (base.folder / stage).mkdir(parents=True)
        (base.folder / stage / "done.json").touch()
    assert states()["base-s0"][0] == "waiting"
    (base.folder / "report").mkdir()
    (base.folder / "report/report.html").touch()
    assert states()["ga-s0"] == ("failed", 0, "ended before it began")
    (grid.jobs("ga-s0") / "8_0_log.err").write_text("[1/9] ga: unlearn task 1 of 2: 3 s\n\x1b[31m\n")
    assert states() == {
        "base-s0": ("done", 2, ""),
        "npo-s0": ("running", 0, ""),
        "ga-s0": ("failed", 0, r"ended without a result; last line: \u001b[31m"),
        "kl-s0": ("waiting", 0, "Resources"),
    }
    assert "4 runs: 1 done, 1 running, 1 failed, 1 waiting" in table(states_of(grid, requests, live.get))


def test_last_line_is_that_of_lethe(tmp_path):
    assert last_line(tmp_path, "1") == "ended before it began"
    (tmp_path / "1_0_log.err").write_text("[1/9] train: 3 s\nlethe: the disk is full\nTraceback\nCommandFailed: 2\n")
    assert last_line(tmp_path, "1").endswith("last line: CommandFailed: 2")
    with (tmp_path / "1_0_log.err").open("a") as log:
        log.write("slurmstepd: error: *** JOB 1 CANCELLED DUE TO TIME LIMIT ***\nsrun: forcing job termination\n")
    assert last_line(tmp_path, "1").endswith("last line: slurmstepd: error: *** JOB 1 CANCELLED DUE TO TIME LIMIT ***")
    (tmp_path / "1_0_result.pkl").touch()
    assert last_line(tmp_path, "1") == "the disk is full"


def test_run_of_other_options_in_its_folder_is_refused(tmp_path, monkeypatch):
    build = open_build(shared_stand_in_build())
    grid = grid_of(tmp_path, data=str(build.path), threshold=0.5, tasks=1)
    from lethebench.grid import command

    record = {"data": {"path": "d", "manifest_sha256": command.file_hash(build.path / "manifest.json")}}
    record |= RunOptions(data=build.path, methods=("npo",), tasks=2, preset="tiny").record()
    monkeypatch.setattr(command, "read_run", lambda folder: record)
    with pytest.raises(UserError, match=r"created with threshold 0.9, and .*grid.yaml has 0.5; restore"):
        _check_same(grid.cells[-1], build, grid.path)
    record["threshold"] = 0.5
    _check_same(grid.cells[-1], build, grid.path)
    record["data"] = {"path": "elsewhere", "manifest_sha256": "0"}
    with pytest.raises(UserError, match=r"was created from another build \(elsewhere\); restore"):
        _check_same(grid.cells[-1], build, grid.path)


def test_job_prints_its_command_and_raises_what_failed(capsys):
    with pytest.raises(CommandFailed, match="exit status 2"):
        CommandJob(["lethe", "learn", "absent"])()
    captured = capsys.readouterr()
    assert captured.out == "lethe learn absent\n"
    assert "lethe: absent is not a folder" in captured.err
    assert CommandJob(["lethe", "--version"])() is None
    assert CommandJob(["lethe", "--version"]).checkpoint().function.words == ["lethe", "--version"]


def test_tasks_of_a_job_find_each_other(monkeypatch):
    for name, value in (("JOB_ID", "7"), ("NTASKS", "4"), ("JOB_NUM_NODES", "2"), ("PROCID", "3"), ("LOCALID", "1")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURM_JOB_NODELIST", "gpu[03-04]")
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "29500")  # restored afterwards
    CommandJob(["lethe", "--version"])()
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
    assert [os.environ[name] for name in names] == ["3", "4", "1", "2", "gpu03"]


def test_gpus_are_given_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    engine = Local(grid_of(tmp_path, out=str(tmp_path / "runs")))
    assert (engine.parallel, engine.free()) == (2, ["2", "3"])
    engine._live[str(engine.grid.jobs("npo-s0"))] = Live("5", device="2")
    engine._live[str(tmp_path / "other/jobs/npo-s0")] = Live("6", device="3")
    assert engine.free() == ["3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert Local(engine.grid).free() == [""]


def test_process_of_a_job_is_found_by_its_folder(tmp_path):
    engine = Local(grid_of(tmp_path, out=str(tmp_path / "runs")))
    folder = engine.grid.jobs("npo-s0")
    words = [sys.executable, "-c", "input()", "submitit.core._submit", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, env={"CUDA_VISIBLE_DEVICES": "4"}) as process:
        while b"submitit" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
            pass
        engine.refresh()
        live = engine.live(folder)
        process.communicate(b"\n")
    assert live is not None
    assert (live.job, live.device) == (str(process.pid), "4")
    engine.refresh()
    assert engine.live(folder) is None


def test_commands_of_hub_jobs_are_accepted_by_hf(tmp_path):
    section = {"bucket": "org/runs", "flavor": "l4x1"}
    grid_of(tmp_path, data="org/icu@v1.0.0", seed=[0, 1], engine="hf-jobs", **{"hf-jobs": section})
    result = lethe("grid", "grid.yaml", cwd=tmp_path)
    assert result.status == 0, result.error
    lines = result.out.splitlines()
    assert [line for line in lines if line.startswith("#")] == [f"# when base-s{n} has completed:" for n in (0, 1)]
    words = shlex.split(lines[-1])
    assert words[:4] == ["hf", "jobs", "run", "--detach"]
    words = [str(Path(sys.executable).with_name("hf")), "jobs", "run", "--dry-run", *words[3:]]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "HF_TOKEN": "hf_x"})
    assert done.returncode == 0, done.stderr
    assert "hf://buckets/org/runs:/grid" in done.stdout
    assert "l4x1" in done.stdout


def test_hub_jobs_need_a_build_on_the_hub_and_a_bucket(tmp_path):
    (tmp_path / "icu").symlink_to(shared_stand_in_build())
    for content, message in (
        ({"data": "org/icu"}, "hf-jobs: bucket is missing"),
        ({"data": "icu", "hf-jobs": {"bucket": "a/b"}}, "data is icu, a folder of this machine: push it"),
        ({"data": "org/icu", "out": "/x", "hf-jobs": {"bucket": "a/b"}}, "must be a path inside the bucket"),
        ({"data": "org/icu", "hf-jobs": {"buckt": "a/b"}}, "unknown parameter 'buckt'; did you mean 'bucket'?"),
    ):
        grid_of(tmp_path, **content)
        result = lethe("grid", "grid.yaml", "--engine", "hf-jobs", cwd=tmp_path)
        assert result.status == 2
        assert message in result.line


def test_flags_exclude_each_other_and_report_needs_a_run(tmp_path):
    grid_of(tmp_path)
    assert "pass one of them" in lethe("grid", "grid.yaml", "--status", "--report", cwd=tmp_path).line
    assert "no run has begun" in lethe("grid", "grid.yaml", "--report", cwd=tmp_path).line
    listed = lethe("grid", "grid.yaml", "--commands", cwd=tmp_path).out.splitlines()
    assert [shlex.split(line)[4] for line in listed] == ["none", "npo"]


def test_parameters_of_slurm_are_those_of_submitit(tmp_path, slurm):
    with pytest.raises(UserError, match=r"unknown parameter 'partion'; did you mean 'partition'\?"):
        Slurm(grid_of(tmp_path, engine="slurm", slurm={"partion": "gpu"}))
    with pytest.raises(UserError, match=r"slurm: timeout_min is 04:00, and must be a number above 0"):
        Slurm(grid_of(tmp_path, engine="slurm", slurm={"timeout_min": "04:00"}))
    for name in ("gpus_per_node", "timeout_min", "account", "qos", "constraint", "max_num_timeout", "setup"):
        Slurm(grid_of(tmp_path, engine="slurm", slurm={name: 1}))
