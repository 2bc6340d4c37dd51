"""Measure start-up: of a bare interpreter, of commands that print, and of those that run models up to the first row.

    python perf/start.py [--rounds 7]

Prints the medians of wall and processor seconds (user + system), the latter also as a multiple of `python -c pass`.
Commands that run models are stopped when they decode the first picture or encode the first row of a small build: by
then everything is imported, the build is opened and checked, and the model is loaded. Compare on an idle machine only:
where cores are shared, processor time grows too. Targets: `lethe --help` 0.075, `lethe list` 0.3 and every command that
runs models 4 processor seconds. Exits with 1 above one of them.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from ratios import add_json_option, write_ratios

PROBE, REACHED = "--until-first-row", 77
LETHE = Path(sysconfig.get_path("scripts")) / "lethe"
ROW_CODE = {"lethebench.contract.images": ("decode_image",), "lethebench.contract.tokens": ("QuestionEncoder", "add")}
"""Module -> the function in it that reads a row."""
PRINTING = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import lethebench": [sys.executable, "-c", "import lethebench"],
    "lethe --help": [LETHE, "--help"],
    "lethe build --help": [LETHE, "build", "--help"],
    "lethe list": [LETHE, "list"],
}
TARGETS = {"lethe --help": 0.075, "lethe list": 0.3}
RUN_TARGET = 4.0


def probe(arguments: list[str]) -> None:
    """Run `lethe` until it reads a row, then exit with REACHED."""

    def stop(*args: Any, **options: Any) -> None:
        os._exit(REACHED)

    def exec_module(loader: SourceFileLoader, module: Any) -> None:
        execute(loader, module)
        if module.__name__ in ROW_CODE:
            *owners, name = ROW_CODE[module.__name__]
            setattr(getattr(module, owners[0]) if owners else module, name, stop)

    execute = SourceFileLoader.exec_module
    SourceFileLoader.exec_module = exec_module  # type: ignore[method-assign]
    sys.argv = ["lethe", *arguments]
    from lethebench.cli.app import main

    main()


def running(folder: Path) -> dict[str, list[Any]]:
    """Return the commands that run models, on a small build and a run whose model was trained for a step."""
    build, run, new = folder / "build", folder / "run", folder / "new"
    short = ["--set", "learn.max_steps=1", "--set", "npo.max_steps=1", "--ignore-gate", "--tasks", "1"]
    for words in (
        ["build", "icu", "--size", "8", "--out", build],
        ["run", build, "--method", "npo", *short, "--out", run],
    ):
        subprocess.run([LETHE, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(run / "npo")
    commands = {
        "lethe learn": ["learn", build, "--out", new],
        "lethe unlearn": ["unlearn", "npo", build, "--from", run, "--ignore-gate"],
        "lethe run": ["run", build, "--method", "npo", "--out", new],
        "lethe evaluate": ["evaluate", build, "--model", run / "learnt", "--out", new],
    }
    return {name: [sys.executable, __file__, PROBE, *words] for name, words in commands.items()}


def cost(command: list[Any], status: int) -> tuple[float, float]:
    """Return the wall and processor seconds of one run, which has to end with this status."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != status:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    add_json_option(parser)
    options = parser.parse_args()
    rounds = options.rounds
    with tempfile.TemporaryDirectory() as scratch:
        models = running(Path(scratch))
        commands = PRINTING | models
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(rounds + 1):
            for name, command in commands.items():
                shutil.rmtree(Path(scratch) / "new", ignore_errors=True)
                runs[name].append(cost(command, REACHED if name in models else 0))
    medians = {
        name: [statistics.median(values) for values in zip(*costs[1:], strict=True)] for name, costs in runs.items()
    }  # the first round reads from the disk
    bare = medians["python -c pass"][1]
    print(f"medians of {rounds} rounds; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    failed = False
    for name, (wall, used) in medians.items():
        target = RUN_TARGET if name in models else TARGETS.get(name)
        failed |= target is not None and used > target
        limit = "" if target is None else f", at most {target}"
        fastest = min(used for _, used in runs[name])
        print(f"{name:20} wall {wall:.3f}   processor {used:.3f} ({used / bare:.1f}x){limit}   fastest {fastest:.3f}")
    write_ratios(options.json, lower={name: used / bare for name, (_, used) in list(medians.items())[1:]})
    return int(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == [PROBE]:
        probe(sys.argv[2:])
    sys.exit(main())
