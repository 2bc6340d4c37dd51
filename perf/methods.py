"""All methods side by side on the small `icu` with the embedded model: each at several strengths and seeds.

    python perf/methods.py [--seeds 0 1 2] [--cases ga npo ...] [--jobs 2] [--folder FOLDER]
    python perf/methods.py --runs runs/reproduce/icu-tiny/runs

A case is a method, or `method:field=value`, e.g. `ga:modality=text`. Every case of a seed starts from the same
initial model and unlearns the same two tasks in a process of its own. A strength multiplies what decides how far a
method goes, starting from its preset's value: the learning rate, or for `manu` the share of neurons that it prunes.
Methods are compared with a gold model of the same seed; `gold, another seed` is scored as if it were a method and
shows how large a difference means nothing. `--folder` resumes what the folder already holds. `--runs` trains
nothing and prints the table of docs/pages/results.md from finished runs, or folders of them, whose methods have one
strength; where they were attacked (`perf/robustness.py`), with the worst case.

Columns: score, forget, closeness to gold, keep, exposure above gold's in bits (each the mean over seeds, lowest and
highest in brackets), training seconds of all requests, most resident memory in MB up to the end of the first one's
training.
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from lethebench.attacks.several import runs_in
from lethebench.baselines.presets import PRESETS
from lethebench.baselines.registry import METHODS
from lethebench.builders import build
from lethebench.console import Console
from lethebench.reproduce.methods import GOLD, methods_table, rows_of
from lethebench.reproduce.observations import ENOUGH, PUBLISHED
from lethebench.runs.checks import check_options
from lethebench.runs.folder import read_json, stage_name
from lethebench.runs.options import RunOptions
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.runs.stage import Run
from lethebench.runs.summary import gold_summary, method_summary

CASES = (*METHODS, "ga:modality=text", "ga:modality=image_text", "npo:retain_loss=none")
TASKS = 2
FIGURES = {
    "score": "score",
    "forget": "forget",
    "indistinguishable": "as gold",
    "keep": "keep",
    "exposure_excess": "bits",
}
STRENGTHS = (0.3, 1.0, 3.0)
# What ascends with nothing to hold it is over at once; what prunes neurons or only asks has no learning rate.
OTHER_STRENGTHS = {
    "ga": (0.03, 0.1, 0.3, 1.0),
    "ga:modality=text": (0.03, 0.1, 0.3, 1.0),
    "ga:modality=image_text": (0.03, 0.1, 0.3, 1.0),
    "npo:retain_loss=none": (0.03, 0.1, 0.3, 1.0),
    "manu": (1.0, 3.0, 10.0),
    "prompt": (1.0,),
}


def run_in(root: Path, seed: int, case: str = "", strength: float = 1.0) -> Run:
    """The run folder of a case: its own, with the learnt model and gold of the seed."""
    method, _, change = case.partition(":")
    settings = dict([change.split("=")]) if change else {}
    base = PRESETS["tiny"].method_arguments(method) if method else {}
    if method == "manu":
        settings["share"] = min(0.9, 0.03 * strength)
    elif method and METHODS[method].trains:
        settings["learning_rate"] = base["learning_rate"] * strength
    folder = root / f"s{seed}" / (f"{case}-x{strength:g}".replace(":", "-") if case else "base")
    options = RunOptions(
        data=root / "icu",
        out=folder,
        methods=(method,) if method else (),
        tasks=TASKS,
        gold="all",
        seed=seed,
        settings={method: settings} if method else {},
    )
    check_options(options)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("learnt", "gold") if case else ():
        link(folder / name, root / f"s{seed}" / "base" / name)
    console = Console()
    console.say = lambda text: None
    return Run(open_quietly(options.data), options, folder, console)


def link(place: Path, target: Path) -> None:
    """A symbolic link, once."""
    if not place.is_symlink():
        place.symlink_to(target.resolve(), target_is_directory=True)


def learn(root: Path, seed: int) -> None:
    """The learnt model of a seed, and gold after every request."""
    quiet_libraries()
    run = run_in(root, seed)
    run.learn()
    for stage in range(1, len(run.order) + 1):
        run.gold(stage)
    gold_summary(run.folder, range(1, len(run.order) + 1), run.order)


def forget(root: Path, seed: int, case: str, strength: float) -> None:
    """Every request, answered by one case."""
    quiet_libraries()
    run = run_in(root, seed, case, strength)
    for stage in range(1, len(run.order) + 1):
        run.unlearn(run.options.methods[0], stage)


def summary_of(root: Path, seed: int, case: str, strength: float) -> dict:
    """The case's final figures, seconds and memory."""
    run = run_in(root, seed, case, strength)
    method = run.options.methods[0]
    first = read_json(run.folder / method / stage_name(1) / "done.json")
    return summary(run, method) | {"memory": first["peak_memory_mb"]}


def second_gold(root: Path, seed: int, other: int) -> dict:
    """Gold of another seed, scored as if it were a method."""
    run = run_in(root, seed)
    (run.folder / "second").mkdir(exist_ok=True)
    for stage in range(1, len(run.order) + 1):
        link(run.folder / "second" / stage_name(stage), root / f"s{other}" / "base" / "gold" / stage_name(stage))
    return summary(run, "second")


def summary(run: Run, method: str) -> dict:
    """A method's summary beside its seed's gold."""
    gold, gate = (read_json(run.folder / name) for name in ("gold/summary.json", "learnt/gate.json"))
    return method_summary(run.folder, method, run.order, gold, gate)


def of_seeds(values: list[float | None]) -> str:
    """Mean over seeds, with the lowest and the highest."""
    found = [value for value in values if value is not None]
    if not found:
        return f"{'-':>22}"
    return f"{statistics.mean(found):8.3f} [{min(found):5.2f}{max(found):6.2f}]"


def header() -> str:
    return f"{'case':24}{''.join(f'{title:>22}' for title in FIGURES.values())}{'seconds':>9}{'MB':>8}"


def line_of(name: str, summaries: list[dict]) -> str:
    """A case at its preset's own settings."""
    finals = [summary["final"] for summary in summaries]
    seconds = statistics.mean(sum(summary["seconds"]) for summary in summaries)
    memory = [summary["memory"] for summary in summaries if "memory" in summary]
    cells = [of_seeds([final[column] for final in finals]) for column in FIGURES]
    collapsed = sum("collapsed" in final["flags"] for final in finals)
    note = f"  collapsed in {collapsed}" if collapsed else ""
    return f"{name:24}{''.join(cells)}{seconds:9.1f}{round(statistics.mean(memory)) if memory else '-':>8}{note}"


def spared(summaries: dict[float, dict]) -> tuple[float, float] | None:
    """(keep, strength) where most is kept among the strengths that forget enough; None where none does."""
    finals = {strength: summary["final"] for strength, summary in summaries.items()}
    enough = [
        (final["keep"], strength)
        for strength, final in finals.items()
        if final["keep"] is not None and final["forget"] is not None and final["forget"] >= ENOUGH
    ]
    return max(enough, default=None)


def strengths_of(case: str) -> tuple[float, ...]:
    """The strengths that a case is tried at."""
    return OTHER_STRENGTHS.get(case, STRENGTHS)


def print_tables(root: Path, seeds: list[int], cases: list[str]) -> None:
    """Every case at its own settings; at matched forget; and what was published beside it."""
    found = {
        (case, seed): {strength: summary_of(root, seed, case, strength) for strength in strengths_of(case)}
        for case in cases
        for seed in seeds
    }
    print(header())
    for case in cases:
        print(line_of(case, [found[case, seed][1.0] for seed in seeds]))
    if len(seeds) > 1:
        pairs = zip(seeds, seeds[1:] + seeds[:1], strict=True)
        print(line_of(GOLD, [second_gold(root, seed, other) for seed, other in pairs]))
    best = {key: spared(summaries) for key, summaries in found.items()}
    print(f"\nMost keep among the strengths that forget {ENOUGH} or more, per seed (x = the strength):")
    for case in cases:
        cells = [best[case, seed] for seed in seeds]
        print(f"{case:24}" + "".join(f"{'never':>16}" if c is None else f"{c[0]:8.3f} x{c[1]:<6g}" for c in cells))
    print("\nPublished orderings, at matched forget:")
    for better, worse, words in PUBLISHED:
        if better in cases and worse in cases:
            held = sum((best[better, s] or (-1,))[0] > (best[worse, s] or (-1,))[0] for s in seeds)
            known = sum(best[better, s] is not None or best[worse, s] is not None for s in seeds)
            print(f"  {words:60} holds in {held} of {known} seeds")


def main() -> None:
    """Runs what the folder does not have yet and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time, each on one thread")
    parser.add_argument("--folder", type=Path, help="where runs are kept; a temporary folder if absent")
    parser.add_argument("--runs", nargs="+", type=Path, help="finished runs, or folders of runs, to print")
    options = parser.parse_args()
    if options.runs:
        print(methods_table(rows_of(runs_in(options.runs))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        root = options.folder or Path(scratch)
        if not (root / "icu" / "manifest.json").is_file():
            build("icu", root / "icu", size="small")
        context = multiprocessing.get_context("forkserver")
        modules = ["lethebench.runs.stage", "lethebench.baselines", "lethebench.evaluation.answers.rows"]
        context.set_forkserver_preload(modules)
        with ProcessPoolExecutor(options.jobs, mp_context=context, max_tasks_per_child=1) as pool:
            for work in [pool.submit(learn, root, seed) for seed in options.seeds]:
                work.result()
            todo = [
                pool.submit(forget, root, seed, case, strength)
                for seed in options.seeds
                for case in options.cases
                for strength in strengths_of(case)
            ]
            for work in todo:
                work.result()
        print_tables(root, options.seeds, options.cases)


if __name__ == "__main__":
    main()
