"""The command line: good commands work, bad input exits with status 2 and one helpful line."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Done, lethe
from small_build import real_build, use_stand_ins

from lethebench import __version__
from lethebench.cli.listing import KINDS
from lethebench.evaluation.registry import METRICS


@pytest.fixture
def data() -> Path:
    return real_build()


def lethe_process(*arguments: str, cwd: Path) -> Done:
    """Run the command line in a new process."""
    command = [sys.executable, "-m", "lethebench", *arguments]
    child = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    return Done(child.returncode, child.stdout, child.stderr)


def test_module_and_function_print_the_same(tmp_path):
    for arguments in (["list", "methods", "--json"], ["list", "wishes"]):
        results = [lethe(*arguments, cwd=tmp_path), lethe_process(*arguments, cwd=tmp_path)]
        printed = [(result.status, result.out, result.error) for result in results]
        assert printed[0] == printed[1]


def refused(result: Done, *words: str) -> None:
    """Assert exit status 2, one line that holds the words, and no traceback."""
    assert result.status == 2, result.error
    assert all(word in result.line for word in words), result.line


def other_major(data: Path, tmp_path: Path) -> Path:
    copy = shutil.copytree(data, tmp_path / "old", copy_function=os.link)
    manifest = json.loads((data / "manifest.json").read_text())
    (copy / "manifest.json").unlink()
    (copy / "manifest.json").write_text(json.dumps({**manifest, "version": "99.0.0"}))
    return copy


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "nosuch"], ["nosuch", "icu"]),
        (["build", "icu", "--size", "0"], ["0"]),
        (["build", "icu", "--size", "-4"], ["-4"]),
        (["build", "icu", "--size", "huge"], ["huge", "small"]),
        (["build", "icu", "--size", "8", "--option", "colour=red"], ["colour"]),
        (["build", "icu", "--size", "8", "--option", "overlap"], ["overlap", "KEY=VALUE"]),
        (["verify", "nowhere"], ["nowhere"]),
        (["learn", "nowhere"], ["nowhere", "lethe build"]),
        (["run", "DATA", "--method", "wish"], ["wish", "npo"]),
        (["run", "DATA", "--method", "npo,npo"], ["npo,npo", "once"]),
        (["run", "DATA", "--method", "npo,retrain"], ["retrain", "not a --method", "--gold"]),
        (["run", "DATA", "--model", "no/such-model"], ["no/such-model"]),
        (["run", "DATA", "--preset", "nosuch"], ["nosuch", "tiny"]),
        (["run", "DATA", "--tasks", "5"], ["5", "2 tasks"]),
        (["run", "DATA", "--retain", "none"], ["none", "rest"]),
        (["run", "DATA", "--gold", "never"], ["never", "last"]),
        (["unlearn", "npo", "DATA", "--from", "nowhere"], ["nowhere", "lethe learn"]),
        (["list", "wishes"], ["wishes", "methods"]),
        (["report", "nowhere"], ["nowhere"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_exits_2_with_one_line(arguments, words, data, tmp_path):
    result = lethe(*(data if word == "DATA" else word for word in arguments), cwd=tmp_path)
    refused(result, *words)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["runs"])
    assert not list(tmp_path.rglob("run.json"))


def test_folder_without_manifest_is_refused(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.txt").write_text("meow")
    refused(lethe("learn", "photos", cwd=tmp_path), "photos", "not a build")
    refused(lethe("verify", "photos", cwd=tmp_path), "photos", "not a build")
    refused(lethe("build", "icu", "--size", "8", "--out", "photos", cwd=tmp_path), "photos")
    assert (tmp_path / "photos" / "cat.txt").read_text() == "meow"


def test_debug_prints_the_traceback_before_the_line(tmp_path):
    command = ["evaluate", tmp_path, "--model", "tiny"]
    plain, debug = lethe(*command, cwd=tmp_path), lethe("--debug", *command, cwd=tmp_path)
    assert "Traceback" not in plain.error
    assert "Traceback" in debug.error
    assert debug.error.endswith(plain.error)
    assert plain.status == debug.status == 2


def test_build_of_another_major_version_is_refused(data, tmp_path):
    old = other_major(data, tmp_path)
    refused(lethe("learn", old, cwd=tmp_path), "99.0.0", "rebuild it")
    refused(lethe("verify", old, cwd=tmp_path), "99.0.0")


def test_run_in_use_is_refused(data, tmp_path):
    hold = "from pathlib import Path; from lethebench.runs.folder import locked; import sys\n"
    hold += "with locked(Path('busy')):\n print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    try:
        refused(lethe("learn", data, "--out", "busy", cwd=tmp_path), "busy", "in use by another process")
    finally:
        holder.communicate("")


def test_full_disk_leaves_no_build(tmp_path, monkeypatch):
    """A limit on file size makes the write fail as a full disk would."""
    use_stand_ins(monkeypatch)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # cut off at the limit, it would be what later tests import
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        result = lethe("build", "icu", "--size", "8", "--out", "icu", cwd=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    refused(result, "disk is full")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_exits_130_and_says_how_to_resume(tmp_path):
    """Interrupts a build that takes long after its first file."""
    command = [sys.executable, "-u", "-m", "lethebench", "build", "icu", "--size", "200"]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts background jobs, and so perhaps the test suite, with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        while not list(tmp_path.rglob("*.parquet")):
            assert child.poll() is None
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, error = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130
    assert error.splitlines()[-1].startswith("lethe: stopped; finished stages of a run are kept; run the command again")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_build_and_verify_print_json(tmp_path, monkeypatch):
    use_stand_ins(monkeypatch)
    built = lethe("build", "icu", "--size", "8", "--json", cwd=tmp_path)
    assert built.status == 0, built.error
    manifest = json.loads(built.out)
    assert manifest == json.loads((tmp_path / "build/icu/manifest.json").read_text())
    verified = lethe("verify", "build/icu", "--json", cwd=tmp_path)
    report = json.loads(verified.out)
    assert (verified.status, report["ok"], report["problems"]) == (0, True, [])
    shard = next((tmp_path / "build/icu/qa").glob("*.parquet"))
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    verified = lethe("verify", "build/icu", "--json", cwd=tmp_path)
    report = json.loads(verified.out)
    assert (verified.status, report["ok"]) == (1, False)
    assert any(shard.name in str(problem) for problem in report["problems"])


def test_list_names_every_kind(tmp_path):
    tables = json.loads(lethe("list", "--json", cwd=tmp_path).out)
    names = {kind: {row.get("name", row.get("preset")) for row in rows} for kind, rows in tables.items()}
    assert names["benchmarks"] == {"icu", "mllmu", "mlu", "remem"}
    assert names["imports"] == {"clear", "fiubench", "mllmu", "mlu", "remem", "own"}
    assert {"ga", "npo", "kl", "mmunlearner", "manu", "lumoe", "prompt"} <= names["methods"]
    assert names["metrics"] == set(METRICS)
    assert "tiny" in names["models"]


def test_version_and_short_help(tmp_path):
    assert lethe("--version", cwd=tmp_path).out == f"lethe {__version__}\n"
    for words in ([], ["run"], ["push-model"]):
        assert lethe(*words, "-h", cwd=tmp_path).out == lethe(*words, "--help", cwd=tmp_path).out
    assert "--install-completion" in lethe("-h", cwd=tmp_path).out


@pytest.mark.parametrize("kind", KINDS)
def test_tables_wrap_at_80_columns(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = lethe("list", kind, cwd=tmp_path).out.splitlines()
    assert lines[0] == kind
    assert max(map(len, lines)) <= 80


COMMANDS = (
    "list", "build", "verify", "export", "learn", "unlearn", "run", "tune", "evaluate", "report", "demo", "push",
    "push-metric", "push-model",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command, tmp_path):
    result = lethe(command, "--help", cwd=tmp_path)
    assert result.status == 0
    assert f"Example: lethe {command}" in " ".join(result.out.split())


@pytest.mark.parametrize("arguments", ["run x --method npo --method ga", "build icu --size 4 --out o --size=8"])
def test_option_passed_twice_is_refused(arguments, tmp_path):
    result = lethe(*arguments.split(), cwd=tmp_path)
    assert result.status == 2
    assert "is passed 2 times; pass it once" in result.error
    assert not list(tmp_path.iterdir())


def test_option_of_several_values_may_be_repeated(tmp_path):
    result = lethe("run", "x", "--dry-run", "--dry-run", "--set", "a.b=1", "--set", "a.b=2", cwd=tmp_path)
    assert "times" not in result.error
