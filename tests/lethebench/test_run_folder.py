"""The run folder: stages are written whole or not at all, and one process holds a run."""

import json
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from lethebench.errors import UserError
from lethebench.runs.folder import is_done, locked, new_stage, read_json, write_json


def python(code: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_stage_appears_with_its_record(tmp_path):
    stage = tmp_path / "npo" / "t001"
    record = {}
    with new_stage(stage, record) as folder:
        (folder / "weights").write_text("w")
        assert not stage.exists()
        record["steps"] = 3
    assert is_done(stage)
    assert read_json(stage / "done.json") == {"steps": 3}
    assert [path.name for path in stage.parent.iterdir()] == ["t001"]


def test_error_leaves_earlier_stage_untouched(tmp_path):
    stage = tmp_path / "t001"
    with new_stage(stage, {}) as folder:
        (folder / "weights").write_text("first")

    def interrupt():
        with new_stage(stage, {}) as folder:
            (folder / "weights").write_text("second")
            raise RuntimeError("broke")

    with pytest.raises(RuntimeError, match="broke"):
        interrupt()
    assert (stage / "weights").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["t001"]


def test_killed_stage_leaves_nothing_and_can_be_repeated(tmp_path):
    stage = tmp_path / "t001"
    child = python(
        """
        import sys, time
        from pathlib import Path
        from lethebench.runs.folder import new_stage
        with new_stage(Path(sys.argv[1]), {}) as folder:
            (folder / "half").write_text("half")
            print("inside", flush=True)
            time.sleep(60)
        """,
        str(stage),
    )
    assert child.stdout.readline() == "inside\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not is_done(stage)
    with new_stage(stage, {}) as folder:
        assert not list(folder.iterdir())
    assert sorted(path.name for path in stage.iterdir()) == [".lethe.json", "done.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["t001"]


def test_full_disk_leaves_no_stage(tmp_path):
    stage = tmp_path / "t001"
    child = python(
        """
        import resource, signal, sys
        from pathlib import Path
        from lethebench.runs.folder import new_stage
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with new_stage(Path(sys.argv[1]), {"text": "x" * 5000}):
            pass
        """,
        str(stage),
    )
    _, error = child.communicate()
    assert child.returncode == 1
    assert "OSError" in error
    assert list(tmp_path.iterdir()) == []


def test_lock_is_exclusive_and_freed_by_death(tmp_path):
    code = """
        import sys, time
        from pathlib import Path
        from lethebench.runs.folder import locked
        with locked(Path(sys.argv[1])):
            print("held", flush=True)
            time.sleep(60)
        """
    child = python(code, str(tmp_path))
    assert child.stdout.readline() == "held\n"
    with pytest.raises(UserError, match="in use by another process"), locked(tmp_path):
        pass
    child.kill()
    child.wait()
    deadline = time.monotonic() + 5
    while True:
        try:
            with locked(tmp_path):
                return
        except UserError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_json_is_strict(tmp_path):
    path = tmp_path / "summary.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="Out of range"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}
    path.write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        read_json(path)
    with pytest.raises(UserError, match="does not exist"):
        read_json(tmp_path / "absent.json")
