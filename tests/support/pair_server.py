"""Run a command in two processes at once, most often at random offsets, and compare with a single run.

Started as a process of its own (see `forked_commands`). The arguments name a command and a folder, and give the number
of pairs; a JSON line on stdout gives what happened.
"""

import json
import random
import shutil
import sys
import time
from pathlib import Path
from typing import NamedTuple

from command_line import lethe
from forked_commands import COMMANDS, ROOT, Command, begin, copy_anew, finish, stand_ins, template_of, tree


class Result(NamedTuple):
    """How the pairs of a command ended.

    Attributes:
        refused: pairs of which one succeeded and the other was refused.
        both: pairs of which both succeeded, one after the other or with the same result.
        seconds: of a single run.
        lines: the lines that ended processes, without repeats.
        problems: what went wrong; each names its pair.
    """

    refused: int
    both: int
    seconds: float
    lines: list[str]
    problems: list[str]


def start(arguments: list[object], folder: Path, delay: float = 0.0) -> tuple[int, int]:
    """Start a command in a process of its own that first waits some seconds."""

    def work() -> str:
        time.sleep(delay)
        return json.dumps(lethe(*arguments, cwd=folder))

    return begin(work)


def end(process: tuple[int, int]) -> tuple[int, str]:
    """Wait for a command; return its exit status and its last line, or a traceback."""
    status, text = finish(*process)
    if status != 0:
        return status, text
    code, _, error = json.loads(text)
    lines = [line for line in error.splitlines() if line.startswith("lethe: ")]
    one_line = code == 0 or (len(lines) == 1 and error.splitlines()[-1] == lines[0])
    return (code, lines[0] if lines else "") if one_line and "Traceback" not in error else (1, error[-2000:])


def run_pairs(command: Command, root: Path, pairs: int) -> Result:
    """Run pairs, two without an offset; every other one replaces an earlier result where the command can."""
    template, earlier, work = template_of(command, root), root / "earlier", root / "work"
    copy_anew(template, work)
    began = time.monotonic()
    status, line = end(start(command.arguments(work), work))
    assert status == 0, line
    seconds = time.monotonic() - began
    expected = tree(work)
    copy_anew(work, earlier)
    draw = random.Random(0)
    refused = both = 0
    lines, problems = set(), []
    for number in range(pairs):
        copy_anew(earlier if command.replaces and number % 2 else template, work)
        shutil.rmtree(root / "cache", ignore_errors=True)  # so that both also fill it
        arguments = command.arguments(work)
        offset = draw.uniform(0, seconds) if number > 1 else 0.0
        processes = [start(arguments, work), start(arguments, work, offset)]
        ends = [end(process) for process in processes]
        where = f"pair {number}, offset {offset:.2f} s"
        codes = sorted(code for code, _ in ends)
        lines |= {line.replace(str(root), "") for _, line in ends if line}
        refused, both = refused + (codes == [0, 2]), both + (codes == [0, 0] and command.replaces)
        if codes != [0, 2] and not (codes == [0, 0] and command.replaces):
            problems.append(f"{where}: {ends}")
        now = tree(work)
        different = sorted(
            name for name in now.keys() | expected.keys() if now.get(name, "gone") != expected.get(name, "gone")
        )
        problems += [f"{where}: {name}" for name in different]
    return Result(refused, both, round(seconds, 1), sorted(lines), problems)


if __name__ == "__main__":
    with stand_ins():
        print(json.dumps(run_pairs(COMMANDS[sys.argv[1]], ROOT, int(sys.argv[3]))._asdict()))
