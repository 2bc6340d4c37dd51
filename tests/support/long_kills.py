"""Kill a run of many requests many times at random moments, resume it each time, and compare it with a run of one go.

    python tests/support/long_kills.py run DIR [REQUESTS] [KILLS]

A JSON line on stdout gives the number of kills, the stages that were compared, and what differs.
"""

import json
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from command_line import lethe
from forked_commands import ROOT, VOLATILE, begin, finish, in_child
from initial_run import score_every
from small_build import use_stand_ins
from tiny_models import save_llava

from lethebench.builders import build
from lethebench.runs.folder import file_hash, is_done, stage_name

STEPS = ("learn.max_steps=2", "npo.max_steps=1", "npo.per_device_train_batch_size=4")
LONGEST = 2.0
"""Seconds after a stage within which the process is killed, about those of a stage."""


def prepare() -> None:
    """Make the build, of 200 profiles with stand-in pages, and the model."""
    if (ROOT / "base").exists():
        return  # made by an earlier call
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", ROOT / "icu", size=200, options={"task_size": 1}, preview=False)
    save_llava(ROOT / "base")


def run(out: Path, requests: int, *more: str) -> None:
    """Run every request, with every 32nd row."""
    options = ["--method", "npo", "--tasks", requests, "--score-rows", 60, "--rank-rows", 8, "--ignore-gate", *more]
    settings = [word for value in STEPS for word in ("--set", value)]
    with pytest.MonkeyPatch.context() as patch:
        score_every(patch, 32)
        done = lethe("run", ROOT / "icu", "--model", ROOT / "base", *options, *settings, "--out", out)
    if done.status:
        raise RuntimeError(done.error[-3000:])


def killed(out: Path, requests: int, kills: int) -> int:
    """Run with kills at random moments of as many stages, evenly over the run; return how many hit a process."""
    draw, hits = random.Random(0), 0
    for number in range(kills):
        before = (out / "npo" / stage_name(number * requests // kills)) if number else out / "learnt"
        child, reader = begin(partial(run, out, requests, *(["--resume"] if (out / "run.json").is_file() else [])))
        while not is_done(before) and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.02)
        time.sleep(draw.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        status, text = finish(child, reader)
        hits += os.WIFSIGNALED(status)
        if not os.WIFSIGNALED(status):
            raise RuntimeError(text)
    return hits


def content(folder: Path) -> dict[str, object]:
    """Return file -> its hash, or for JSON its content without times and hashes, of a finished run."""
    kept = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".parquet", ".safetensors"):
            kept[name] = file_hash(path)
        elif path.name in ("done.json", "summary.json", "gate.json"):
            kept[name] = without_times(json.loads(path.read_text()))
    return kept


def without_times(value: object) -> object:
    """Return a value of a JSON file without what differs between equal runs."""
    if isinstance(value, dict):
        return {name: without_times(item) for name, item in value.items() if name not in VOLATILE | {"matrix_sha256"}}
    return value


def main() -> None:
    """Print the result."""
    requests, kills = (int(text) for text in (*sys.argv[3:], "100", "25")[:2])
    for work in (prepare, partial(run, ROOT / "alone", requests)):
        status, text = in_child(work)
        assert status == 0, text
    hits = killed(ROOT / "killed", requests, kills)
    status, text = in_child(partial(run, ROOT / "killed", requests, "--resume"))
    assert status == 0, text
    alone, other = content(ROOT / "alone"), content(ROOT / "killed")
    different = sorted(name for name in {**alone, **other} if alone.get(name) != other.get(name))
    stages = sum(name.endswith("done.json") for name in alone)
    print(json.dumps({"kills": hits, "stages": stages, "files": len(alone), "different": different}))


if __name__ == "__main__":
    main()
