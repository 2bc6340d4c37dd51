"""Measure a run of many requests: processor time, memory and disk of every stage.

    python perf/length.py [BUILD] [--tasks 100] [--method npo] [--out RUN] [--stop 10] [--plan]

By default the build is `icu --size 200 --option task_size=1`. The run has the default budget (2,000 rows scored and 400
ranked at a stage between the first and the last) and a gold model at its end. Prints each figure beside what is
required of it, and exits with 1 if one is missed. A killed measurement is continued by the same command. `--stop 10`
ends it after 10 requests, and `--plan` compares what was measured so far, extrapolated, with `lethe run --dry-run`.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from ratios import add_json_option, write_ratios

from lethebench.builders import build
from lethebench.console import Console
from lethebench.runs.build import open_build
from lethebench.runs.calibration import Calibration
from lethebench.runs.continual import count_phases, execute
from lethebench.runs.estimate import Planner
from lethebench.runs.folder import locked, stage_name
from lethebench.runs.options import RunOptions
from lethebench.runs.quiet import quiet_libraries
from lethebench.runs.records import read_done
from lethebench.runs.stage import Run

MOST_SECONDS = 2400.0
MOST_GB = 2.0
MOST_GROWTH = 1.15
MOST_MEMORY = 1.05
MOST_ERROR = 0.25


def resident_mb() -> float:
    """Return the memory that this process has now, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def size_gb(folder: Path) -> float:
    """Return the size of a folder's files in GB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9


def measured(log: Path) -> list[dict]:
    """Return the lines of a log; the last one of each stage."""
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return list({line["stage"]: line for line in lines}.values())


def watch(log: Path) -> None:
    """Write processor seconds and memory of every stage and of its scoring to a log."""

    def timed(name: str, title: Callable[..., str]) -> None:
        original = getattr(Run, name)

        def call(self, *arguments, **options):
            scoring.clear()
            start = time.process_time()
            result = original(self, *arguments, **options)
            if scoring:
                line = {"stage": title(*arguments), "seconds": time.process_time() - start, "scoring": sum(scoring)}
                with log.open("a") as file:
                    file.write(json.dumps(line | {"memory": resident_mb()}) + "\n")
            return result

        setattr(Run, name, call)

    scoring: list[float] = []
    score = Run.score

    def timed_score(self, *arguments, **options):
        start = time.process_time()
        try:
            return score(self, *arguments, **options)
        finally:
            scoring.append(time.process_time() - start)

    Run.score = timed_score  # type: ignore[method-assign]
    timed("learn", lambda: "learnt")
    timed("unlearn", lambda method, stage: f"{method}/{stage_name(stage)}")
    timed("gold", lambda stage, name="gold": f"{name}/{stage_name(stage)}")


def report(folder: Path, log: Path, options: argparse.Namespace, summary_seconds: float) -> int:
    """Print the figures beside what is required, and return the exit status."""
    lines = {line["stage"]: line for line in measured(log)}
    stages = [lines[name] for name in sorted(lines) if name.startswith(f"{options.method}/")]
    sampled = [line for line in stages if read_done(folder, line["stage"]).get("sampled")]
    for line in [lines["learnt"], *stages, *(lines[name] for name in lines if name.startswith("gold"))]:
        kept = read_done(folder, line["stage"]).get("sampled") or {}
        rows = f"{kept['rows']} of {kept['all_rows']} rows, {kept['ranked']} ranked" if kept else "all rows, all ranked"
        print(
            f"{line['stage']:12} {line['seconds']:7.1f} CPU s, of which scoring {line['scoring']:6.1f}, "
            f"{line['memory']:6.0f} MiB, {rows}"
        )
    total = sum(line["seconds"] for line in lines.values()) + summary_seconds
    costs = [line["seconds"] for line in stages]
    early, late = stages[min(9, len(stages) - 1)]["memory"], stages[-1]["memory"]
    tenth = max(1, min(10, len(costs) // 2))
    between = [line["seconds"] for line in sampled]
    figures = [
        ("CPU seconds in all", total, MOST_SECONDS),
        (f"memory at stage {len(stages)} over stage 10", late / early, MOST_MEMORY),
        ("disk, GB", size_gb(folder), MOST_GB),
        (f"last {tenth} stages over first {tenth}", sum(costs[-tenth:]) / sum(costs[:tenth]), MOST_GROWTH),
    ]
    if len(between) > 30:
        ratio = statistics.mean(between[-10:]) / statistics.mean(between[-20:-10])
        figures.append(("last 10 sampled stages over the 10 before", ratio, MOST_GROWTH))
    for name, value, most in figures:
        print(f"{name}: {value:.2f} (required: at most {most:g}){'' if value <= most else ': MISSED'}")
    print(f"summaries and report: {summary_seconds:.1f} CPU s; requests: {len(stages)}")
    write_ratios(options.json, lower={name: value for name, value, _ in figures if " over " in name})
    return int(any(value > most for _, value, most in figures))


class StoppedError(Exception):
    """The requests to measure are done."""


def stop_after(last: int) -> None:
    """Raise StoppedError where a run would begin the stage after this one."""
    original = Run.unlearn

    def unlearn(self, method: str, stage: int) -> None:
        if stage > last:
            raise StoppedError
        original(self, method, stage)

    Run.unlearn = unlearn  # type: ignore[method-assign]


def compare_plan(run: Run, log: Path, method: str) -> int:
    """Print the plan of a run beside what was measured of it, extrapolated, and return the exit status."""
    lines = {line["stage"]: line for line in measured(log)}
    stages = [lines[name] for name in sorted(lines) if name.startswith(f"{method}/")]
    initial, scored = lines["learnt"], f"{method}: score"
    with tempfile.TemporaryDirectory() as scratch:
        costs = Calibration(run, None, Path(scratch), time.process_time)
        rest = {part.name: part.seconds for part in Planner(run, None, costs).plan().parts}
        run.folder = run.folder / "none"  # the plan of the whole run
        plan = {part.name: part.seconds for part in Planner(run, None, costs).plan().parts}
    ratio = sum(line["scoring"] for line in stages) / (plan[scored] - rest[scored])
    extrapolated = {
        f"train {run.options.model}": initial["seconds"] - initial["scoring"],
        "score the initial model": initial["scoring"],
        f"{method}: unlearn": len(run.order) * statistics.mean(line["seconds"] - line["scoring"] for line in stages),
        scored: ratio * plan[scored],
        "train gold models": initial["seconds"] - initial["scoring"],
        "score gold models": initial["scoring"],
    }
    rows = [(name, plan[name], seconds) for name, seconds in extrapolated.items()]
    rows.append(("in all", sum(planned for _, planned, _ in rows), sum(extrapolated.values())))
    print(f"after {len(stages)} of {len(run.order)} requests; CPU seconds")
    for name, planned, seconds in rows:
        print(f"{name:26} planned {planned:9.0f}  measured {seconds:9.0f}  ratio {planned / seconds:.2f}")
    return int(abs(rows[-1][1] / rows[-1][2] - 1) > MOST_ERROR)


def main() -> int:
    """Run or continue the run and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, nargs="?", help="a build; icu of 200 profiles is made by default")
    parser.add_argument("--tasks", type=int, default=100, help="requests")
    parser.add_argument("--method", default="npo")
    parser.add_argument("--out", type=Path, help="the run folder; by default a temporary one")
    parser.add_argument("--stop", type=int, help="the request after which the measurement ends")
    parser.add_argument("--plan", action="store_true", help="compare measured requests with the plan")
    add_json_option(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = options.build or Path(scratch) / "icu"
        if options.build is None:
            build("icu", data, size=200, options={"task_size": 1})
        folder = options.out or Path(scratch) / "run"
        run = RunOptions(data=data, out=folder, methods=(options.method,), tasks=options.tasks, ignore_gate=True)
        quiet_libraries()
        log = Path(f"{folder}.jsonl")
        if options.plan:
            return compare_plan(Run(open_build(data), run, folder, Console()), log, options.method)
        watch(log)
        if options.stop:
            stop_after(options.stop)
        start = time.process_time()
        before = sum(line["seconds"] for line in measured(log))
        with locked(folder):
            console = Console(phases=count_phases(run, options.tasks))
            try:
                execute(open_build(data), run, console, resume=(folder / "run.json").exists())
            except StoppedError:
                return 0
        staged = sum(line["seconds"] for line in measured(log)) - before
        return report(folder, log, options, time.process_time() - start - staged)


if __name__ == "__main__":
    sys.exit(main())
