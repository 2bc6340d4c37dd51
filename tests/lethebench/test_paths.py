"""Commands work in folders of any name, and end in one line where the system refuses."""

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from datasets import config
from hub_server import local_hub
from initial_run import initial_run, score_every
from push_support import use_hub
from small_build import shared_stand_in_build, stand_in_build, use_stand_ins
from synthetic_run import write_run
from tiny_models import save_llava

from lethebench.errors import explain
from lethebench.runs.build import open_build

NAMES = [
    "a [1]", "b{x,y}", "c*d", "e?f", ".hidden", "g#h%20i", "ünï 日本", "test", "a::b", "[!x]", "-m", "$HOME",
    "own [new] #1", "50% off", " a b ",
]  # fmt: skip
EVERY = ".a [1] {x,y} *%20 ü日本"
SHORT = ["--set", "npo.max_steps=1"]
RUN = ["--model", "tiny", "--set", "learn.max_steps=1", "--threshold", "0"]


@pytest.mark.parametrize("name", NAMES)
def test_build_of_any_path_is_read_and_reported(name, tmp_path):
    folder = stand_in_build(tmp_path / name / "icu")
    rows = open_build(folder).load("continual", "forget", ["answer"])
    assert rows["id"] == open_build(shared_stand_in_build()).load("continual", "forget", ["answer"])["id"]
    verified = lethe("verify", folder)
    assert verified.status == 0, verified.out
    run = write_run(tmp_path / name / "run", tasks=1, per_task=2, retain=2, methods=("npo",))
    assert lethe("report", run).status == 0
    assert (run / "report" / "report.html").is_file()


@pytest.mark.parametrize("name", ["a [1]", "c*d", "a::b"])
def test_every_command_works_in_a_folder_with_glob_characters(name, tmp_path, monkeypatch):
    use_stand_ins(monkeypatch)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / name
    folder.mkdir()
    model = save_llava(folder / "model [2]")
    for arguments in (
        ["build", "icu", "--size", "8", "--out", folder / "icu"],
        ["export", folder / "icu", "--layout", "lm-eval", "--out", folder / "tasks"],
        ["evaluate", folder / "icu", "--model", model, "--sample", "2", "--out", folder / "scores", "--json"],
    ):
        done = lethe(*arguments)
        assert done.status == 0, done.error
    assert json.loads(done.out)["data"]["path"] == str(folder / "icu")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [EVERY, *NAMES])
def test_whole_experiment_in_a_folder_of_any_name(name, tmp_path, monkeypatch):
    score_every(monkeypatch, 20)
    use_stand_ins(monkeypatch)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / name
    folder.mkdir()
    learnt = initial_run(folder)
    icu = folder / "icu"
    run_options = [*RUN, *SHORT, "--method", "npo", "--tasks", "1", "--out", "whole"]
    for arguments in (
        ["build", "icu", "--size", "8", "--out", "built"],
        ["verify", "built"],
        ["export", icu, "--layout", "lm-eval", "--out", "tasks"],
        ["evaluate", icu, "--model", folder / "base", "--sample", "2", "--out", folder / "scores"],
        ["evaluate", "icu", "--model", "base", "--sample", "2", "--out", "scores"],
        ["learn", icu, *RUN, "--out", folder / "learned"],
        ["run", icu, *run_options],
        ["run", icu, *run_options, "--resume"],
        ["unlearn", "npo", icu, "--from", "learned", *SHORT],
        ["report", folder / "whole", "learned", "--out", "both"],
        ["evaluate", "whole", "--all"],
        ["tune", "npo", icu, "--budget", "1", "--from", learnt, "--out", folder / "tuned", *SHORT],
    ):
        done = lethe(*arguments, cwd=folder)
        assert done.status == 0, (arguments, done.error)
    assert (folder / "both" / "report.html").is_file()
    assert len(pq.read_table(folder / "whole" / "npo" / "t001" / "rows.parquet")) > 0
    assert json.loads((folder / "tuned" / "tuned.json").read_text())["trials"] == 1
    with local_hub() as server:
        use_hub(server, monkeypatch)
        for arguments in (["push", icu], ["push-model", folder / "whole"]):
            done = lethe(*arguments, "somebody/odd", "--dry-run", cwd=folder)
            assert done.status == 0, (arguments, done.error)
            assert "README.md" in done.out
        assert {request.method for request in server.received} == {"GET"}


def test_builds_of_one_name_do_not_share_a_cache(tmp_path):
    one = stand_in_build(tmp_path / "one" / "icu")
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        other = tmp_path / "other" / "icu"
        assert lethe("build", "icu", "--size", "8", "--seed", "7", "--out", other).status == 0
    answers = [open_build(path).load("continual", "forget", ["answer"])["answer"] for path in (one, other, one)]
    assert answers[0] == answers[2] != answers[1]


def test_rows_are_read_without_a_cache_where_none_can_be_written(tmp_path, monkeypatch):
    expected = open_build(shared_stand_in_build()).load("continual", "retain", ["images"])
    (tmp_path / "file").touch()
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "file" / "datasets")
    rows = open_build(shared_stand_in_build()).load("continual", "retain", ["images"])
    assert rows.features == expected.features
    assert rows["images"][0][0].size == expected["images"][0][0].size
    assert rows["id"] == expected["id"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left", "a/b"), ["disk is full", "a/b"]),
        (OSError(errno.EDQUOT, "Quota"), ["disk is full"]),
        (OSError(errno.EROFS, "Read-only", "a/b"), ["a/b", "read-only", "--out"]),
        (PermissionError(errno.EACCES, "Denied", "a/b"), ["a/b", "permission denied", "--out"]),
        (OSError(errno.EMFILE, "Too many"), ["too many open files", "ulimit -n"]),
        (OSError(errno.ENAMETOOLONG, "File name too long", b"a/\xe9"), ["File name too long"]),
        (RuntimeError("Error while serializing: I/O error: No space left (os error 28)"), ["disk is full"]),
        (MemoryError(), ["out of memory"]),
    ],
)
def test_errors_of_the_system_are_one_line(error, words):
    line = explain(error)
    assert "\n" not in line
    assert all(word in line for word in words), line
    assert explain(RuntimeError("a bug")) is None


SHELL = {
    "reader closes early": ("{ %s list --json; %s list --help; echo $? >&2; } | true", "141"),
    "stdout closed": ("%s list >&-; echo $? >&2", "0"),
    "stderr closed": ("%s list 2>&- >/dev/null; echo $? >&2", "0"),
    "stdin closed": ("%s list <&- >/dev/null; echo $? >&2", "0"),
    "stdout full": ("%s list >/dev/full; echo $? >&2", "2"),
    "ASCII locale": ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 %s verify 日本 >/dev/null; echo $? >&2", "2"),
    "ASCII output": ("PYTHONIOENCODING=ascii %s verify 日本; echo $? >&2", "2"),
    "dumb terminal": ("TERM=dumb %s list >/dev/null; echo $? >&2", "0"),
    "no home": ("env -u HOME %s list >/dev/null; echo $? >&2", "0"),
    "home is no folder": ("HOME=/dev/null %s list >/dev/null; echo $? >&2", "0"),
    "no folder for temporary files": ("TMPDIR=/nonexistent %s list >/dev/null; echo $? >&2", "0"),
    "directory removed": ("mkdir gone; cd gone; rmdir ../gone; %s list; echo $? >&2", "2"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHELL)
def test_odd_environments_end_without_a_traceback(name, tmp_path):
    script, status = SHELL[name]
    command = f"{sys.executable} -m lethebench"
    child = subprocess.run(
        ["bash", "-c", script.replace("%s", command)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert child.stderr.splitlines()[-1] == status, child.stderr
    assert "Traceback" not in child.stderr
    assert "Exception ignored" not in child.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_clean_up_like_ctrl_c(number, tmp_path):
    command = [sys.executable, "-m", "lethebench", "build", "icu", "--size", "paper", "--out", "a/icu"]
    child = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.rglob("*.parquet")):
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(number)
    _, error = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert error.splitlines()[-1].startswith("lethe: stopped; ")
    assert os.listdir(tmp_path) == []


def test_output_that_nobody_reads_ends_with_141(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "lethebench", "list"]
    child = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    os.close(writer)
    assert (child.returncode, child.stderr) == (141, b"")


def test_path_that_is_not_utf8_is_refused(tmp_path):
    folder = tmp_path / "x\udce9y"
    folder.mkdir()
    for done in (lethe("verify", folder), lethe("list", cwd=folder)):
        assert done.status == 2
        assert r"x\udce9y: not UTF-8: rename it" in done.line


def test_control_characters_of_other_parties_are_escaped(tmp_path):
    done = lethe("verify", tmp_path / "\x1b[2J\u202eevil")
    assert done.status == 2
    assert "\x1b" not in done.error
    assert r"\u001b[2J\u202eevil" in done.line
