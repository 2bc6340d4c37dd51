"""Pushes that are stopped: by Ctrl-C at once, and by a kill at any request without harm to the Hub."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hub_faults import Fault
from hub_server import local_hub, surroundings
from small_build import hashes, stand_in_build

UPLOAD = "PUT /lfs/"
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.mark.slow
def test_ctrl_c_ends_an_upload_at_once(tmp_path):
    stand_in_build(tmp_path / "icu")
    with local_hub() as server:
        (tmp_path / "home").mkdir()
        server.faults[:] = [Fault(UPLOAD, delay=5.0, times=999)]
        child = subprocess.Popen(
            [sys.executable, "-m", "lethebench", "push", "icu", "somebody/slow"],
            env=surroundings(server, tmp_path / "home"),
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        deadline = time.monotonic() + 120
        while not server.faults[0].hits:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(1)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, error = child.communicate(timeout=60)
        seconds = time.monotonic() - start
    assert child.returncode == 130, error
    assert seconds < 3
    assert "Traceback" not in error
    assert "Exception" not in error
    assert "stopped: an empty somebody/slow was created; run the same command again" in error


@pytest.mark.slow
@pytest.mark.parametrize("where", ["PUT /lfs/", "POST .*/commit/"])
def test_suspended_push_continues(where, tmp_path):
    folder = stand_in_build(tmp_path / "icu")
    (tmp_path / "home").mkdir()
    with local_hub() as server:
        server.faults[:] = [Fault(where, delay=0.2)]
        command = [sys.executable, "-m", "lethebench", "push", "icu", "somebody/paused"]
        around = surroundings(server, tmp_path / "home")
        child = subprocess.Popen(command, env=around, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        while not server.faults[0].hits:
            assert child.poll() is None
            time.sleep(0.02)
        child.send_signal(signal.SIGSTOP)
        time.sleep(5)
        assert ("dataset", "somebody/paused") in server.hub.repositories
        assert not server.hub.of("somebody/paused", "dataset").tags
        child.send_signal(signal.SIGCONT)
        _, error = child.communicate(timeout=120)
        assert child.returncode == 0, error
        repository = server.hub.of("somebody/paused", "dataset")
        assert repository.tags == {"v2.0.0": repository.head}
        for name in hashes(folder).keys() - {"README.md"}:
            assert repository.tree[name].content == (folder / name).read_bytes(), name


@pytest.mark.slow
def test_push_with_a_cache_that_cannot_be_written(tmp_path):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"]).returncode:
        pytest.skip("needs the right to mount")
    stand_in_build(tmp_path / "icu")
    (tmp_path / "home").mkdir()
    with local_hub() as server:
        script = 'mount -t tmpfs -o ro none home; exec "$@"'
        lethe = [sys.executable, "-m", "lethebench", "push", "icu", "somebody/uncached"]
        child = subprocess.run(
            ["unshare", "-m", "bash", "-c", script, "bash", *lethe],
            env=surroundings(server, tmp_path / "home"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        repository = server.hub.of("somebody/uncached", "dataset")
    assert child.returncode == 0, child.stderr
    assert "loaded back and compared, all equal" in child.stdout
    assert repository.tags == {"v2.0.0": repository.head}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_push_killed_at_any_request_is_finished_by_the_next(tmp_path):
    stand_in_build(tmp_path / "icu")
    (tmp_path / "home").mkdir()
    before = hashes(tmp_path / "icu")
    with local_hub() as server:
        child = subprocess.run(
            [sys.executable, SUPPORT / "kill_push.py", "icu"],
            env=surroundings(server, tmp_path / "home"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        lines = [list(map(int, line.split())) for line in child.stdout.splitlines()]
        assert len(lines) >= 20, child.stderr[-3000:]
        for number, _, status in lines:
            assert status == 0, (number, child.stderr[-3000:])
            repository = server.hub.of(f"somebody/kill{number}", "dataset")
            assert repository.tags == {"v2.0.0": repository.head}, number
            for name in before:
                if name != "README.md":
                    assert repository.tree[name].content == (tmp_path / "icu" / name).read_bytes(), number
    assert hashes(tmp_path / "icu") == before
    print(f"{len(lines)} kills")
