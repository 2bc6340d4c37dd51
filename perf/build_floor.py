"""Measure what building `icu` costs beyond drawing: the build against a floor that only draws, in alternation.

    python perf/build_floor.py 1000 [--rounds 3] [--num-proc 2]

The floor renders every page of the build, encodes it and appends the bytes to one file per process: no questions, rows,
thumbnails, Parquet, order or hashes. Prints wall-clock seconds of both and their ratio, per round and at the median,
then the same for processor time, which is less sensitive to other work on the machine.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from ratios import add_json_option, write_ratios

from lethebench.builders import BENCHMARKS, build
from lethebench.builders.write.pictures import encode
from lethebench.generation.documents import render
from lethebench.generation.icu import questions as icu
from lethebench.generation.questions.distractors import Source
from lethebench.generation.questions.records import Profile, View

Pages = list[tuple[Profile, list[View]]]
"""Some profiles, each with its views."""


def pages_of(size: int) -> list[Pages]:
    """Return all pages of a build, by unit of work."""
    benchmark = BENCHMARKS["icu"]
    plan = benchmark.plan(size, seed=0, options=benchmark.OPTIONS().resolve(size))
    return [[(profile, views(profile, unit.role, plan.shared)) for profile in unit.profiles] for unit in plan.units]


def views(profile: Profile, role: str, source: Source) -> list[View]:
    """Return the views of a profile's page, each once."""
    questions = icu.train_questions(profile, *source)
    if role != "holdout":
        questions += icu.test_questions(profile, *source)
    return list(dict.fromkeys([View(), *(question.view for question in questions if question.view is not None)]))


def draw(folder: Path, pages: Pages) -> int:
    """Render, encode and write; return the number of pages."""
    with (folder / str(os.getpid())).open("ab") as file:
        for profile, page_views in pages:
            for view in page_views:
                file.write(encode(render(profile, view)))
    return sum(len(page_views) for _, page_views in pages)


def floor(folder: Path, pages: list[Pages], num_proc: int) -> int:
    """Draw all pages into the folder; return their number."""
    with multiprocessing.get_context("spawn").Pool(num_proc) as pool:
        pages_drawn = sum(pool.imap_unordered(partial(draw, folder), pages))
        pool.close()
        pool.join()
    return pages_drawn


def whole(folder: Path, size: int, num_proc: int) -> int:
    """Build in the folder; return the number of distinct pages."""
    manifest = build("icu", folder / "icu", size=size, num_proc=num_proc)
    return manifest.paper_counts["pictures"] + sum(
        manifest.extra_counts[f"{part}_pictures"] for part in ("test", "holdout")
    )


def timed(work: partial) -> tuple[float, float, int]:
    """Run the work in a new folder; return (wall-clock seconds, processor seconds of all processes, its result)."""
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), sum(os.times()[:4])
        result = work(Path(folder))
        return time.perf_counter() - clock, sum(os.times()[:4]) - processor, result


def compared(label: str, bare: float, built: float) -> str:
    """Return one line with both figures and their ratio."""
    return f"{label}: floor {bare:.1f} s, build {built:.1f} s, ratio {built / bare:.3f}"


def main() -> None:
    """Print the rounds and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int, help="profiles of the build")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of the two runs")
    parser.add_argument("--num-proc", type=int, default=2, help="processes of each")
    add_json_option(parser)
    options = parser.parse_args()
    bare = partial(floor, pages=pages_of(options.size), num_proc=options.num_proc)
    built = partial(whole, size=options.size, num_proc=options.num_proc)
    rounds = []
    for number in range(options.rounds):
        (*floor_times, drawn), (*build_times, stored) = timed(bare), timed(built)
        if drawn != stored:
            raise SystemExit(f"the floor drew {drawn} pages and the build {stored}: not the same work")
        rounds.append((floor_times, build_times))
        print(compared(f"round {number + 1}, {drawn} pages", floor_times[0], build_times[0]), flush=True)
    for index, label in enumerate(("median, clock", "median, processors")):
        bare_median, built_median = (statistics.median(both[side][index] for both in rounds) for side in (0, 1))
        print(compared(label, bare_median, built_median))
    write_ratios(options.json, lower={"build over drawing": built_median / bare_median})


if __name__ == "__main__":
    main()
