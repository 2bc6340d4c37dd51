"""Kill `lethe attack` many times at random moments, repeat it each time, and compare the results with those of one go.

    python tests/support/attack_kills.py attack DIR [KILLS [NAME,...]]

A JSON line on stdout gives the number of kills that hit, of results, and what differs.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from attacked_run import attacked_run, marked_knowledge
from command_line import lethe
from forked_commands import ROOT, begin, finish, in_child

from lethebench.attacks import command
from lethebench.attacks.registry import ATTACKS, Budget

BUDGET = Budget(rows=8, samples=4, steps=(1, 2), train_rows=8, beams=2)
NAMES = ["--attacks", sys.argv[4]] if len(sys.argv) > 4 else []
LONGEST = 1.5
"""Seconds after a result within which the process is killed, about those of a result."""


def attack(run: Path) -> None:
    """Run all attacks that need no library, with a budget that takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        marked_knowledge(patch)
        patch.setitem(command.BUDGETS, "small", BUDGET)
        done = lethe("attack", run, *NAMES)
    if done.status:
        raise RuntimeError(done.error[-3000:])


def results(run: Path) -> dict[str, Any]:
    """Return file -> content without times, of the results and the summary."""
    found: dict[str, Any] = {}
    for path in sorted((run / "attacks").rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.suffix == ".parquet":
            found[name] = pq.read_table(path).to_pylist()
        elif path.name in ("result.json", "summary.json"):
            found[name] = {key: value for key, value in json.loads(path.read_text()).items() if key != "seconds"}
        elif path.is_file() and path.name != "done.json":
            found[name] = path.name
    return found


def killed(run: Path, kills: int, count: int) -> int:
    """Attack with kills after random numbers of results, in order; return how many hit a process."""
    draw, hits = random.Random(0), 0
    for number in sorted(draw.sample(range(count), kills)):
        child, reader = begin(partial(attack, run))
        while finished(run) < number and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.02)
        time.sleep(draw.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        hits += os.WIFSIGNALED(finish(child, reader)[0])
    return hits


def finished(run: Path) -> int:
    """Return the number of finished results."""
    return sum(1 for _ in (run / "attacks").glob("*/*/*/done.json"))


def main() -> None:
    """Print the result."""
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    (ROOT / "builds").mkdir(parents=True)
    (ROOT / "cache").mkdir()
    status, text = in_child(partial(attacked_run, ROOT, "alone"))
    assert status == 0, text
    shutil.copytree(ROOT / "alone", ROOT / "killed")
    status, text = in_child(partial(attack, ROOT / "alone"))
    assert status == 0, text
    hits = killed(ROOT / "killed", kills, finished(ROOT / "alone"))
    status, text = in_child(partial(attack, ROOT / "killed"))
    assert status == 0, text
    alone, other = results(ROOT / "alone"), results(ROOT / "killed")
    different = sorted(name for name in {**alone, **other} if alone.get(name) != other.get(name))
    attacks = {Path(name).parts[1] for name in alone} & ATTACKS.keys()
    (stage,) = alone["attacks/summary.json"]["stages"].values()
    left_out = {line["attack"] for line in stage["left_out"]}
    facts = {"kills": hits, "attacks": sorted(attacks), "left_out": sorted(left_out)}
    print(json.dumps({**facts, "results": finished(ROOT / "alone"), "different": different}))


if __name__ == "__main__":
    main()
