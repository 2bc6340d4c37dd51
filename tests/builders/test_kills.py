"""The same bytes from any number of processes, and from a build that was killed at random and run again."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from small_build import arguments_of, hashes, real_build

from lethebench.builders import BENCHMARKS, build

KILLS = 20


def start(name, out, *, seed: int) -> subprocess.Popen:
    """Return a build in its own process group, which has printed that it begins."""
    arguments = arguments_of(name) | {"seed": seed, "num_proc": 2}
    code = (
        "from lethebench.builders import build; print('begins', flush=True); "
        f"build({name!r}, {str(out)!r}, **{arguments!r})"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stdout.readline() == "begins\n"
    return child


def seconds_of(child: subprocess.Popen) -> float:
    """Wait for a build; return how many seconds it took."""
    start_time = time.monotonic()
    with child:
        assert child.wait() == 0
    return time.monotonic() - start_time


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_processes_do_not_change_bytes(name, tmp_path):
    for num_proc in (2, 4):
        build(name, tmp_path / name, num_proc=num_proc, **arguments_of(name))
        assert hashes(tmp_path / name) == hashes(real_build(name)), num_proc


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_twenty_random_kills_leave_no_partial_build(name, tmp_path):
    """Every other time there is an earlier build: it must survive the kill and be replaced by the new one."""
    expected = hashes(real_build(name))
    usual = seconds_of(start(name, tmp_path / "earlier", seed=1))
    earlier, out = hashes(tmp_path / "earlier"), tmp_path / "here" / name
    rng, left = random.Random(0), []
    for number in range(KILLS):
        shutil.rmtree(out.parent, ignore_errors=True)
        out.parent.mkdir()
        if number % 2:
            shutil.copytree(tmp_path / "earlier", out)
        child = start(name, out, seed=0)
        time.sleep(rng.uniform(0, usual))
        os.killpg(child.pid, signal.SIGKILL)
        with child:
            killed = child.wait() == -signal.SIGKILL
        after_kill = hashes(out)
        assert after_kill in ([earlier, expected] if number % 2 else [{}, expected]), number
        left.append(killed and after_kill != expected)
        usual = seconds_of(start(name, out, seed=0))  # the machine's pace may change
        assert hashes(out) == expected, number
        assert os.listdir(out.parent) == [name], number
    assert sum(left) >= KILLS / 2, f"{sum(left)} of {KILLS} kills disturbed a build: the others came too late"
