"""The page of `lethe grid` on a cluster of this machine: submitted, preempted, requeued, cancelled and reported."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from command_line import lethe
from fewer_resamples import usual_resamples
from slurm_machine import missing_programs, output, slurm_cluster, wait_for
from small_build import real_build

PAGE = (Path(__file__).parents[2] / "lethebench/grid/README.md").read_text("utf-8")
COMMANDS = re.findall(r"^    lethe (.+)$", PAGE, re.MULTILINE)
STEPS = {"max_steps": 2, "per_device_train_batch_size": 8}
SHORTER = {"ignore-gate": True, "set": {"learn": {"max_steps": 5}, "npo": STEPS, "ga": STEPS, "simnpo": STEPS}}
NAMES = [f"{method}-s{seed}" for method in ("base", "npo", "ga", "simnpo") for seed in (0, 1, 2)]


def yaml_blocks() -> list[dict]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)]


def test_page_has_the_commands_that_are_tested(tmp_path, monkeypatch):
    assert COMMANDS == [
        "build icu --out build/icu",
        "grid icu.yaml --commands",
        "grid icu.yaml",
        "grid icu.yaml --status",
        "grid icu.yaml",
        "grid icu.yaml --report",
        "grid icu.yaml --engine local",
        "grid hub.yaml --engine hf-jobs",
    ]
    grid, hub = yaml_blocks()
    (tmp_path / "icu.yaml").write_text(json.dumps(grid))
    listed = lethe(*COMMANDS[1].split(), cwd=tmp_path)
    assert [shlex.split(line)[shlex.split(line).index("--out") + 1] for line in listed.out.splitlines()] == [
        f"runs/icu-100/{name}" for name in NAMES
    ]
    (tmp_path / "hub.yaml").write_text(json.dumps(grid | hub | {"data": "ORG/icu"}))
    printed = lethe(*COMMANDS[-1].split(), cwd=tmp_path)
    assert sum(line.startswith("hf jobs run") for line in printed.out.splitlines()) == len(NAMES)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(bool(missing_programs()), reason="needs Debian's slurm-wlm and munge")
def test_page_on_a_cluster(tmp_path, monkeypatch):
    """The runs of the page, on a smaller build and with few steps; its node claims to have 8 GPUs."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build/icu").symlink_to(real_build())
    (tmp_path / "icu.yaml").write_text(json.dumps(yaml_blocks()[0] | SHORTER))
    out = tmp_path / "runs/icu-100"
    submit, status, resubmit, report, local = (command.split() for command in COMMANDS[2:7])

    def states() -> dict[str, dict]:
        result = lethe(*status, "--json", cwd=tmp_path)
        assert result.status == 0, result.error
        return {run["name"]: run for run in json.loads(result.out)["runs"]}

    def begun(prefix: str) -> dict | None:
        runs = [run for name, run in states().items() if name.startswith(prefix) and run["state"] == "running"]
        return next((run for run in runs if (tmp_path / run["run"] / "run.json").exists()), None)

    def text_of(run: dict) -> str:
        return Path(run["log"].replace(".err", ".out")).read_text()

    with slurm_cluster(tmp_path / "slurm") as environment:
        for name in ("PATH", "SLURM_CONF"):
            monkeypatch.setenv(name, environment[name])
        result = lethe(*submit, cwd=tmp_path)
        assert result.status == 0, result.error
        assert "12 runs submitted to Slurm" in result.error
        assert {run["state"] for run in states().values()} <= {"running", "waiting"}

        base = wait_for(lambda: begun("base"))
        urgent = ["srun", "-p", "urgent", "-c", "16", "true"]
        assert subprocess.run(urgent, env=environment, capture_output=True).returncode == 0  # preempts all
        assert states()[base["name"]]["state"] == "waiting"

        requeued = wait_for(lambda: begun("npo"))
        output(environment, "scancel", "--signal=USR2", requeued["job"])
        wait_for(lambda: f"Requeued job {requeued['job']}" in text_of(requeued))
        cancelled = wait_for(lambda: begun("simnpo"))
        output(environment, "scancel", cancelled["job"])
        wait_for(lambda: states()[cancelled["name"]]["state"] == "failed")
        listing = lethe(*status, cwd=tmp_path)
        assert f"failed: {cancelled['name']}: ended without a result; last line: " in listing.out
        assert f"log: {cancelled['log']}" in listing.out

        result = lethe(*resubmit, cwd=tmp_path)
        assert "1 runs submitted to Slurm" in result.error
        wait_for(lambda: not output(environment, "squeue", "-h").strip(), 1800)
        runs = states()
        assert {run["state"] for run in runs.values()} == {"done"}
        for run in (base, requeued):
            assert runs[run["name"]]["job"] == run["job"]
            assert text_of(run).count("Starting with") == 2
        assert (out / "report/report.html").is_file()
        (out / "report/report.html").unlink()
        with usual_resamples():
            result = lethe(*report, cwd=tmp_path)
        assert (result.status, result.out) == (0, "runs/icu-100/report/report.html\n"), result.error
        result = lethe(*local, cwd=tmp_path)
        assert result.status == 0, result.error
        assert "12 runs: 12 done" in result.out
