"""Commands of `lethe` for tests that run each many times: a process imports everything once and forks for each run.

For scripts that are started with a name of COMMANDS and a folder, in which caches and shared builds are kept.
"""

import itertools
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # unless the caller has a local Hub
ROOT = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.gettempdir())
os.environ["HF_HOME"] = str(ROOT / "cache")
os.environ["LETHE_TEST_BUILDS"] = str(ROOT / "builds")

import pytest  # noqa: E402
from initial_run import initial_run, score_every  # noqa: E402
from releases import mllmu_configs, write_mllmu  # noqa: E402
from small_build import stand_in_build, use_stand_ins  # noqa: E402
from synthetic_run import write_run  # noqa: E402
from tiny_models import save_llava  # noqa: E402

from lethebench.report import details, figures, repeat  # noqa: E402
from lethebench.report.tables import Column, Table  # noqa: E402
from lethebench.runs import demo  # noqa: E402
from lethebench.runs.options import RunOptions  # noqa: E402

VOLATILE = {
    "seconds",
    "prepared",
    "created",
    "peak_memory_mb",
    "hashes",
    "files",
    "parent",
    "proof",
    "sha256",
    "run_id",
    "id",
}
"""Keys of JSON files that differ between equal runs: times, and what is computed from them."""
LEFTOVERS = (".lethe", ".lock", ".lethe-partial")


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


def begin(work: Callable[[], object]) -> tuple[int, int]:
    """Start a forked process; return its id and the end of a pipe that gives what it returns or raises."""
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
    return child, reader


def finish(child: int, reader: int) -> tuple[int, str]:
    """Wait for a process of `begin`; return its wait status and what it returned or raised."""
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    return os.waitpid(child, 0)[1], text


def in_child(work: Callable[[], object]) -> tuple[int, str]:
    """Run in a forked process; return its wait status and what it returned or raised."""
    return finish(*begin(work))


def template_of(command: Command, root: Path) -> Path:
    """Make the folder in which a command runs, with files of a user's own."""
    template = root / "template"
    template.mkdir()
    status, text = in_child(lambda: command.prepare(template))
    assert status == 0, text
    for name in ("notes.txt", ".hidden/diary", ".mine.lethe/diary"):
        (template / name).parent.mkdir(exist_ok=True)
        (template / name).write_text("mine")
    return template


def copy_anew(template: Path, work: Path) -> None:
    """Replace a folder by a copy of a template."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(template, work, symlinks=True)


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
    if path.suffix == ".jsonl":
        return [_stable(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".csv" and path.name == "trials.csv":
        return len(path.read_text().splitlines())
    return path.read_bytes().replace(str(folder).encode(), b"FOLDER")


def _stable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value


@contextmanager
def stand_ins() -> Iterator[None]:
    """Replace what takes long and writes nothing, drawing and the scoring of most rows, and shorten the demo.

    Reports leave out times, which differ between equal runs.
    """
    for name in ("cache", "builds"):
        (ROOT / name).mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        score_every(patch, 40)
        patch.setattr(figures, "png", lambda figure: b"PNG")
        cost = Table("cost", "without times", (Column("part", "Part"),), [])
        for owner, name, value in ((details, "cost", cost), (repeat, "facts", []), (repeat, "gate_line", "")):
            patch.setattr(owner, name, lambda group, value=value: value)
        patch.setattr(demo, "SIZE", "8")
        patch.setattr(demo, "METHODS", ("ga",))
        short = {"learn": {"max_steps": 1}, "ga": {"max_steps": 1}}
        patch.setattr(demo, "RunOptions", partial(RunOptions, settings=short, ignore_gate=True, tasks=1))
        yield


def _prepare_run(folder: Path) -> None:
    initial_run(folder)


def _prepare_evaluation(folder: Path) -> None:
    stand_in_build(folder / "icu")
    save_llava(folder / "model")


ONE_ROW = ["--split", "forget", "--sample", "1"]
SHORT = ["--set", "ga.max_steps=1"]
LEARN = ["--model", "tiny", "--set", "learn.max_steps=1", "--threshold", "0", "--out", "new"]
RUN = [*LEARN, *SHORT, "--method", "ga", "--tasks", "1"]
PUSHES = itertools.count()


def _resumed(*arguments: str) -> Command:
    """Return a command of a run in the folder `new`."""
    return Command(
        lambda folder: stand_in_build(folder / "icu"),
        lambda folder: list(arguments),
        "new",
        replaces=False,
        repeat=lambda folder: [*arguments, "--resume"],
    )


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
    "learn": _resumed("learn", "icu", *LEARN),
    "run": _resumed("run", "icu", *RUN),
    "demo": _resumed("demo", "--out", "new"),
    "push": Command(
        lambda folder: stand_in_build(folder / "icu"),
        lambda folder: ["push", "icu", f"somebody/push{next(PUSHES)}"],
        None,
    ),
}  # fmt: skip
