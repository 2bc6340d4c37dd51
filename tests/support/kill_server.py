"""Run a command once for every change that it makes to the file system, killed just before that change.

Started as a process of its own: it imports everything once and forks a child for each run. The argument names a command
of COMMANDS; a JSON line on stdout gives what happened.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
ROOT = Path(sys.argv[2]) if __name__ == "__main__" else Path(tempfile.gettempdir())
os.environ["HF_HOME"] = str(ROOT / "cache")
os.environ["LETHE_TEST_BUILDS"] = str(ROOT / "builds")

import pyarrow.parquet as pq  # noqa: E402
import pytest  # noqa: E402
import safetensors.torch  # noqa: E402
from command_line import lethe  # noqa: E402
from initial_run import initial_run, score_every  # noqa: E402
from releases import mllmu_configs, write_mllmu  # noqa: E402
from small_build import stand_in_build, use_stand_ins  # noqa: E402
from synthetic_run import write_run  # noqa: E402
from tiny_models import save_llava  # noqa: E402

from lethebench.contract import own_folder  # noqa: E402
from lethebench.report import figures  # noqa: E402

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.truncate", "lethe.change"}
VOLATILE = {"seconds", "created", "peak_memory_mb", "hashes", "files", "parent", "proof", "sha256", "run_id", "id"}
"""Keys of JSON files that differ between equal runs: times, and what is computed from them."""
LEFTOVERS = (".lethe", ".lock", ".lethe-partial")


class Result(NamedTuple):
    """What the kills of a command did; each text names the kill."""

    kills: int
    events: int
    lost: list[str]
    foreign: list[str]
    leftovers: list[str]
    different: list[str]
    failed: list[str]


@dataclass
class Command:
    """A command to kill.

    Attributes:
        prepare: fills a folder before the command.
        arguments: of `lethe`, given the folder.
        out: what the command writes there; None for one that only reads.
        repeat: replaces the arguments after a kill.
        done: what the command says when it had finished before it was killed.
        replaces: whether an earlier `out` is prepared and replaced.
    """

    prepare: Callable[[Path], object]
    arguments: Callable[[Path], list[object]]
    out: str | None
    replaces: bool = True
    repeat: Callable[[Path], list[object]] | None = None
    done: str = ""


def audited(owner: object, name: str) -> None:
    """Count a call of code that is not Python's as a change, before and after it."""
    original = getattr(owner, name)

    def call(*arguments, **options):
        sys.audit("lethe.change", name)
        result = original(*arguments, **options)
        sys.audit("lethe.change", name)
        return result

    setattr(owner, name, call)


def kill_at(number: int, root: Path, count: list[int]) -> None:
    """Kill this process before its `number`-th change below a folder."""
    prefix = str(root.resolve())

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & WRITING or not isinstance(path, str | bytes):
                return
        elif event not in CHANGES:
            return
        if event != "lethe.change" and not _below(arguments[0], prefix):
            return
        count[0] += 1
        if count[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _below(path: object, prefix: str) -> bool:
    return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(prefix)


def in_child(work: Callable[[], object]) -> tuple[int, str]:
    """Run in a forked process; return its wait status and what it raised or printed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            text = str(work() or "")
            status = 0
        except BaseException:
            text = traceback.format_exc()
        os.write(writer, text.encode()[-60_000:])
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    return os.waitpid(child, 0)[1], text


def run(arguments: list[object], folder: Path, number: int = 0) -> tuple[int, str]:
    """Run a command in a child, killed at a change; return its wait status and its number of changes or its error."""
    count = [0]

    def work() -> str:
        kill_at(number, folder, count)
        done = lethe(*arguments, cwd=folder)
        assert done.status == 0, done.error
        return str(count[0])

    return in_child(work)


def tree(folder: Path) -> dict[str, object]:
    """Return path -> content of every file and folder, without what differs between equal results."""
    return {
        path.relative_to(folder).as_posix(): _content(path, folder) if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def _content(path: Path, folder: Path) -> object:
    if path.suffix == ".json":
        try:
            text = path.read_text().replace(str(folder), "FOLDER")
            return _stable(json.loads(text))
        except ValueError:
            return path.read_bytes()
    if path.suffix == ".csv" and path.name == "trials.csv":
        return len(path.read_text().splitlines())
    return path.read_bytes().replace(str(folder).encode(), b"FOLDER")


def _stable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value


def run_kills(command: Command, root: Path, most: int) -> Result:
    """Kill a command at every change that it makes, run it again, and compare."""
    template = root / "template"
    template.mkdir()
    status, text = in_child(lambda: command.prepare(template))
    assert status == 0, text
    for name in ("notes.txt", ".hidden/diary", ".mine.lethe/diary"):
        (template / name).parent.mkdir(exist_ok=True)
        (template / name).write_text("mine")
    work = root / "work"  # always the same path, which results may hold

    def fresh() -> None:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(template, work, symlinks=True)

    if command.replaces:
        fresh()
        status, text = run(command.arguments(work), work)
        assert status == 0, text
        shutil.rmtree(template)
        shutil.copytree(work, template, symlinks=True)
    fresh()
    before = tree(work)
    status, text = run(command.arguments(work), work)
    assert status == 0, text
    expected, events = tree(work), int(text)
    step = max(1, -(-events // most))
    result = Result(0, events, *([] for _ in range(5)))
    extra = [name for name in expected if name not in before and name.endswith(LEFTOVERS)]
    result.leftovers.extend(f"after success: {name}" for name in extra)
    kills = 0
    for number in range(1, events + 1, step):
        fresh()
        status, text = run(command.arguments(work), work, number)
        if status == 0:
            continue
        where = f"kill {number}"
        if status != signal.SIGKILL:
            result.failed.append(f"{where}: {status} {text[-600:]}")
            continue
        kills += 1
        now = tree(work)
        if command.out is not None and command.replaces:
            old, new, kept = (_below_out(command.out, content) for content in (before, expected, now))
            if kept not in (old, new):
                result.lost.append(f"{where}: neither old nor new: {_first(old, kept)}")
        repeat = command.repeat or command.arguments
        status, text = run(repeat(work), work)
        if status != 0 and not (command.done and command.done in text):
            result.failed.append(f"{where}, again: {text[-600:]}")
            continue
        now = tree(work)
        for name, content in before.items():
            inside = command.out is not None and (name == command.out or name.startswith(f"{command.out}/"))
            if not inside and now.get(name, "gone") != content and expected.get(name, "gone") == content:
                result.foreign.append(f"{where}: {name}")
        result.leftovers.extend(f"{where}: {name}" for name in now if name not in expected)
        result.different.extend(f"{where}: {name}" for name in expected if now.get(name, "gone") != expected[name])
    return result._replace(kills=kills)


def _below_out(out: str, content: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name.startswith(f"{out}/")}


def _first(one: dict, other: dict) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))[:3]


@contextmanager
def stand_ins() -> Iterator[None]:
    """Replace what takes long and writes nothing: drawing, and the scoring of most rows."""
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        score_every(patch, 40)
        patch.setattr(figures, "png", lambda figure: b"PNG")
        yield


def _prepare_run(folder: Path) -> None:
    initial_run(folder)


def _prepare_evaluation(folder: Path) -> None:
    stand_in_build(folder / "icu")
    save_llava(folder / "model")


ONE_ROW = ["--split", "forget", "--sample", "1"]
SHORT = ["--set", "ga.max_steps=1"]
COMMANDS = {
    "build": Command(lambda folder: None, lambda folder: ["build", "icu", "--size", "8", "--out", "b/icu"], "b/icu"),
    "import": Command(
        lambda folder: write_mllmu(folder / "release", mllmu_configs(people=20)),
        lambda folder: ["build", "mllmu", "--from", "release", "--out", "icu"],
        "icu",
    ),
    "export": Command(
        lambda folder: stand_in_build(folder / "icu"),
        lambda folder: ["export", "icu", "--layout", "lm-eval", "--out", "a/tasks"],
        "a/tasks",
        replaces=False,
        done="holds icu_forget.yaml already",
    ),
    "report": Command(
        lambda folder: write_run(folder / "run", tasks=2, methods=("npo",)),
        lambda folder: ["report", "run"],
        "run/report",
    ),
    "evaluate": Command(
        _prepare_evaluation,
        lambda folder: ["evaluate", "icu", "--model", "model", *ONE_ROW, "--out", "a/scores"],
        "a/scores",
    ),
    "unlearn": Command(
        _prepare_run,
        lambda folder: ["unlearn", "ga", "icu", "--from", "run", "--task", "1", *SHORT],
        "run/ga/t001",
        replaces=False,
        done="ga has already unlearned tasks 1 to 1",
    ),
    "tune": Command(
        _prepare_run,
        lambda folder: ["tune", "ga", "icu", "--budget", "2", "--from", "run", "--out", "tuned", *SHORT],
        "tuned",
        replaces=False,
        repeat=lambda folder: [
            "tune", "ga", "icu", "--budget", "2", "--from", "run", "--out", "tuned", *SHORT, "--resume",
        ],
    ),
}  # fmt: skip

if __name__ == "__main__":
    audited(own_folder, "_exchange")
    audited(pq, "write_table")
    audited(pq.ParquetWriter, "write_table")
    audited(pq.ParquetWriter, "close")
    audited(safetensors.torch, "save_file")
    for name in ("cache", "builds"):
        (ROOT / name).mkdir(exist_ok=True)
    with stand_ins():
        print(json.dumps(run_kills(COMMANDS[sys.argv[1]], ROOT, int(sys.argv[3]))._asdict()))
