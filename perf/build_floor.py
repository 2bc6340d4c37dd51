"""What building `icu` costs beyond its pictures: the build against the bare floor, in turns, on as many processes.

    python perf/build_floor.py 1000 [--rounds 3] [--num-proc 2]

The floor renders every page of the build, encodes it and writes the bytes one after another, each process to a file of
its own: no questions, no rows, no thumbnails, no Parquet, no order, no hashes. Prints seconds on the clock of both and
their ratio, round by round and at the median, then the same for processor time, which other work on the machine
disturbs less.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from lethebench.builders import BENCHMARKS, build
from lethebench.builders.write.pictures import encode
from lethebench.generation.documents import render
from lethebench.generation.icu import questions as icu
from lethebench.generation.questions.records import Profile, View

Pages = list[tuple[Profile, list[View]]]
"""A few profiles, each with its views."""


def pages_of(size: int) -> list[Pages]:
    """All pages of a build, in pieces as large as its units of work."""
    benchmark = BENCHMARKS["icu"]
    plan = benchmark.plan(size, seed=0, options=benchmark.OPTIONS().resolve(size))
    return [[(profile, views(profile, unit.role, plan.shared)) for profile in unit.profiles] for unit in plan.units]


def views(profile: Profile, role: str, values: Mapping[str, Sequence[str]]) -> list[View]:
    """How a profile's page is shown, each view once."""
    asked = icu.train_questions(profile, values)
    if role != "holdout":
        asked += icu.test_questions(profile, values)
    return list(dict.fromkeys([View(), *(question.view for question in asked if question.view is not None)]))


def draw(folder: Path, pages: Pages) -> int:
    """Renders, encodes and writes; gives the number of pages."""
    with (folder / str(os.getpid())).open("ab") as file:
        for profile, shown in pages:
            for view in shown:
                file.write(encode(render(profile, view)))
    return sum(len(shown) for _, shown in pages)


def floor(folder: Path, pages: list[Pages], num_proc: int) -> int:
    """Draws all pages into the folder; gives their number."""
    with multiprocessing.get_context("spawn").Pool(num_proc) as pool:
        drawn = sum(pool.imap_unordered(partial(draw, folder), pages))
        pool.close()
        pool.join()
    return drawn


def whole(folder: Path, size: int, num_proc: int) -> int:
    """Builds in the folder; gives the number of different pages."""
    made = build("icu", folder / "icu", size=size, num_proc=num_proc)
    return made.paper_counts["pictures"] + made.extra_counts["test_pictures"] + made.extra_counts["holdout_pictures"]


def timed(work: partial) -> tuple[float, float, int]:
    """Does the work in a folder of its own: (seconds on the clock, seconds of all processors, what it gave)."""
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), sum(os.times()[:4])
        given = work(Path(folder))
        return time.perf_counter() - clock, sum(os.times()[:4]) - processor, given


def compared(what: str, bare: float, built: float) -> str:
    """One line: both figures and their ratio."""
    return f"{what}: floor {bare:.1f} s, build {built:.1f} s, ratio {built / bare:.3f}"


def main() -> None:
    """Prints the rounds and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int, help="profiles of the build")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of the two runs")
    parser.add_argument("--num-proc", type=int, default=2, help="processes of each")
    options = parser.parse_args()
    bare = partial(floor, pages=pages_of(options.size), num_proc=options.num_proc)
    built = partial(whole, size=options.size, num_proc=options.num_proc)
    rounds = []
    for number in range(options.rounds):
        (*first, drawn), (*second, stored) = timed(bare), timed(built)
        if drawn != stored:
            raise SystemExit(f"the floor drew {drawn} pages and the build {stored}: that is not the same work")
        rounds.append((first, second))
        print(compared(f"round {number + 1}, {drawn} pages", first[0], second[0]), flush=True)
    for place, what in enumerate(("median, clock", "median, processors")):
        medians = (statistics.median(both[side][place] for both in rounds) for side in (0, 1))
        print(compared(what, *medians))


if __name__ == "__main__":
    main()
