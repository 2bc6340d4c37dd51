"""Run a command once for every change that it makes to the file system, killed just before that change.

Started as a process of its own (see `forked_commands`). The arguments name a command and a folder, and give the number
of kills at most; a JSON line on stdout gives what happened.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import safetensors.torch
from command_line import lethe
from forked_commands import COMMANDS, LEFTOVERS, ROOT, Command, copy_anew, in_child, stand_ins, template_of, tree

from lethebench.contract import own_folder

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.link", "os.symlink", "os.truncate", "lethe.change"}


class Result(NamedTuple):
    """What the kills of a command did; each text names the kill."""

    kills: int
    events: int
    lost: list[str]
    foreign: list[str]
    leftovers: list[str]
    different: list[str]
    failed: list[str]


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


def run(arguments: list[object], folder: Path, number: int = 0) -> tuple[int, str]:
    """Run a command in a child, killed at a change; return its wait status and its number of changes or its error."""
    count = [0]

    def work() -> str:
        kill_at(number, folder, count)
        done = lethe(*arguments, cwd=folder)
        assert done.status == 0, done.error
        return str(count[0])

    return in_child(work)


def run_kills(command: Command, root: Path, most: int) -> Result:
    """Kill a command at every change that it makes, run it again, and compare."""
    template = template_of(command, root)
    work = root / "work"  # always the same path, which results may hold
    if command.replaces:
        copy_anew(template, work)
        status, text = run(command.arguments(work), work)
        assert status == 0, text
        copy_anew(work, template)
    copy_anew(template, work)
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
        copy_anew(template, work)
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


if __name__ == "__main__":
    audited(own_folder, "_exchange")
    audited(pq, "write_table")
    audited(pq.ParquetWriter, "write_table")
    audited(pq.ParquetWriter, "close")
    audited(safetensors.torch, "save_file")
    with stand_ins():
        print(json.dumps(run_kills(COMMANDS[sys.argv[1]], ROOT, int(sys.argv[3]))._asdict()))
