"""Commands on disks that are full, read-only or limited: one line, exit status 2, and the old state whole."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest
import torch
from command_line import lethe
from fewer_resamples import usual_resamples
from small_build import stand_in_build
from synthetic_run import write_run
from tiny_models import llava, save_llava

from lethebench.baselines.loading import save_model
from lethebench.contract.folder_kinds import listing
from lethebench.errors import explain
from lethebench.runs.folder import new_stage


@contextmanager
def limited(kind: int, value: int):
    """Limit this process."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (value, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def test_weights_on_a_full_disk_are_one_line_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    model, processor = llava(dtype=torch.float32)

    def save():
        with new_stage(tmp_path / "run" / "t001", {}) as folder:
            save_model(model, processor, folder)

    with limited(resource.RLIMIT_FSIZE, 20_000), pytest.raises(Exception, match="os error") as caught:
        save()
    assert "the disk is full" in (explain(caught.value) or ""), repr(caught.value)
    assert os.listdir(tmp_path) == []


def test_too_few_open_files_are_one_line_and_leave_nothing(tmp_path):
    files = len(os.listdir("/proc/self/fd"))

    def write():
        with new_stage(tmp_path / "run" / "t001", {}) as folder:
            opened = [(folder / str(number)).open("w") for number in range(200)]
            assert not opened

    with limited(resource.RLIMIT_NOFILE, files + 40), pytest.raises(OSError, match="Too many open files") as caught:
        write()
    assert caught.value.errno == errno.EMFILE
    assert "raise the limit" in explain(caught.value)
    caught.value.__traceback__ = None  # which keeps the files open
    assert os.listdir(tmp_path) == []


COMMANDS = {
    "build": ["build", "icu", "--size", "8", "--out", "disk/build"],
    "export": ["export", "icu", "--layout", "lm-eval", "--out", "disk/tasks"],
    "report": ["report", "run", "--out", "disk/report"],
    "evaluate": ["evaluate", "icu", "--model", "model", "--sample", "1", "--out", "disk/scores"],
    "learn": ["learn", "icu", "--model", "tiny", "--out", "disk/run"],
    "demo": ["demo", "--out", "disk/demo"],
    "tune": ["tune", "ga", "icu", "--budget", "1", "--out", "disk/tuned"],
}
MOUNTS = {"read-only": ("ro", "read-only file system"), "full": ("size=16k", "disk is full")}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    stand_in_build(folder / "icu")
    save_llava(folder / "model")
    with usual_resamples():  # `lethe report` reads it in a process of its own
        write_run(folder / "run", tasks=1, methods=("npo",))
    return folder


@pytest.fixture
def work(inputs, tmp_path):
    """A folder with the inputs and an empty folder `disk` for a mount."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"]).returncode:
        pytest.skip("needs the right to mount")
    shutil.copytree(inputs, tmp_path / "work")
    (tmp_path / "work" / "disk").mkdir()
    return tmp_path / "work"


@pytest.mark.slow
@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("name", COMMANDS)
def test_command_on_a_disk_that_refuses(name, mount, work):
    options, words = MOUNTS[mount]
    others = "-not -name ballast -not -name run.json -not -name .lethe.json"  # a run to resume, the mark of a demo
    fill = "head -c 12k /dev/zero > disk/ballast; " if mount == "full" else ""
    script = (
        f'mount -t tmpfs -o {options} none disk; {fill}"$@"; status=$?; find disk -type f {others} >&2; exit $status'
    )
    command = ["unshare", "-m", "bash", "-c", script, "bash", sys.executable, "-m", "lethebench", *COMMANDS[name]]
    child = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=300)
    assert child.returncode == 2, child.stderr
    assert "Traceback" not in child.stderr
    last = child.stderr.splitlines()[-1]  # `find` has found nothing
    assert last.startswith("lethe: "), child.stderr
    assert words in last
    assert "disk" not in os.listdir(work.parent)
    assert not listing(work / "disk")[1:]


OTHER_DISKS = {
    "full TMPDIR": ("mount -t tmpfs -o size=16k none disk; head -c 1M /dev/zero >disk/ballast", "TMPDIR"),
    "read-only TMPDIR": ("mount -t tmpfs -o ro none disk", "TMPDIR"),
    "read-only HF_HOME": ("mount -t tmpfs -o ro none disk", "HF_HOME"),
    "full HF_HOME": ("mount -t tmpfs -o size=16k none disk; head -c 1M /dev/zero >disk/ballast", "HF_HOME"),
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", OTHER_DISKS)
def test_disk_for_temporary_or_cached_files_that_refuses(name, work):
    mount, variable = OTHER_DISKS[name]
    learn = "learn icu --model tiny --set learn.max_steps=1 --threshold 0 --out run2"
    evaluate = "evaluate icu --model model --split forget --sample 1 --out scores"
    script = f"{mount} 2>/dev/null; export {variable}=$PWD/disk; set -e; " + "; ".join(
        f"{sys.executable} -m lethebench {arguments}" for arguments in ("verify icu", learn, evaluate)
    )
    child = subprocess.run(["unshare", "-m", "bash", "-c", script], cwd=work, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
    assert "Traceback" not in child.stderr
    usual = lethe(*evaluate.replace("--out scores", "--out usual").split(), cwd=work)
    assert usual.status == 0, usual.error
    one, other = (pq.read_table(work / folder / "rows.parquet").to_pylist() for folder in ("scores", "usual"))
    assert one == other
    assert (work / "run2" / "learnt" / "done.json").is_file()
