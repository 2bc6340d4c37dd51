"""Behind the commands that learn and unlearn: check, open, lock, run, and put the result into words.

What takes seconds to import (torch, transformers, TRL) is imported once nothing is left that could be wrong.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets import disable_progress_bars
from datasets.utils.logging import set_verbosity_error

from lethebench.baselines import METHODS, RETRAIN
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import Build, open_build
from lethebench.runs.folder import DONE, RECORD, is_done, locked, read_json, stage_name
from lethebench.runs.options import RunOptions
from lethebench.runs.settings import SECTIONS


def opened(path: Path) -> Build:
    """Opens a build; `datasets` keeps its bars and warnings to itself."""
    disable_progress_bars()
    set_verbosity_error()
    return open_build(path)


def quiet() -> None:
    """Leaves the terminal to our own lines: libraries speak up from errors on."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(torch|transformers|trl|accelerate|peft)\b")


def learn_command(options: RunOptions, *, resume: bool) -> tuple[dict, str]:
    """Stage 1 alone; gives gate.json and what to print."""
    options.check()
    build = opened(options.data)
    options.check_build(build)
    folder = options.folder(build)
    with locked(folder):
        quiet()
        from lethebench.runs.continual import start

        console = Console(phases=3)
        gate = start(build, options, console, resume=resume).learn()
    verdict = "passed" if gate["passed"] else f"failed: {gate['threshold']} is asked of each"
    neighbour = figures(gate["neighbour"])
    lines = [
        f"exact match {figures(gate)}; on held-out wordings {figures(gate['held_out']) or 'none: the build has none'}",
        *([f"on neighbours {neighbour}"] if neighbour else []),
        f"{gate['parameters']:,} parameters, {gate['steps']} steps, {gate['seconds']:.1f} s",
        f"gate {verdict}; the model is in {folder / 'learnt'}",
    ]
    return gate, "\n".join(lines)


def figures(scores: dict) -> str:
    """Exact match per modality, in words."""
    names = {"image_text": "with pictures", "text": "text only"}
    return ", ".join(f"{scores[key]:.3f} {name}" for key, name in names.items() if scores[key] is not None)


def options_of(folder: Path, data: Path, method: str) -> RunOptions:
    """The options that a run folder was made with, for one method and with its settings so far.

    Raises:
        UserError: it is not a run.
    """
    if not (folder / RECORD).is_file():
        raise UserError(f"--from {folder} is not a run: make one with `lethe learn {data} --out {folder}`")
    record = read_json(folder / RECORD)
    names = ("model", "preset", "tasks", "retain", "learn_neighbour", "gold", "seed", "order_seed", "threshold")
    settings = record.get("settings", {})
    begun = [method] if is_done(folder / method / stage_name(1)) else []
    return RunOptions(
        data=data,
        out=folder,
        methods=(method,),
        settings={name: settings[name] for name in (*SECTIONS, *begun) if name in settings},
        **{name: record[name] for name in names},
    )


def unlearn_command(
    method: str,
    data: Path,
    folder: Path,
    task: int | None,
    *,
    ignore_gate: bool,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[dict, str]:
    """One stage of a method from a learnt run, or of its gold (`retrain`); gives its record and what to print.

    Without `settings` a method goes on with those that it began with.

    Raises:
        UserError: no such run, a task out of order, one that was forgotten already, or settings for `retrain`.
    """
    if method not in (*METHODS, RETRAIN):
        raise UserError(f"{method}: unknown; the methods are {', '.join((*METHODS, RETRAIN))}")
    build = opened(data)
    options = replace(options_of(folder, data, method), ignore_gate=ignore_gate)
    options = replace(options, settings={**options.settings, **(settings or {})})
    if method == RETRAIN:
        if settings:
            raise UserError(f"{method} repeats stage 1 as {folder} learnt: leave out --settings and --modality")
        options = replace(options, methods=())
    options.check()
    with locked(folder):
        if not is_done(folder / "learnt"):
            raise UserError(f"{folder} did not finish learning: `lethe learn {data} --out {folder} --resume`")
        quiet()
        from lethebench.runs.continual import start
        from lethebench.runs.stage import GOLD

        run = start(build, options, Console(phases=5), resume=True)
        stages = folder / (GOLD if method == RETRAIN else method)
        count = len(run.order)
        done = [stage for stage in range(1, count + 1) if is_done(stages / stage_name(stage))]
        stage = task or next((stage for stage in range(1, count + 1) if stage not in done), count)
        if stage > count:
            raise UserError(f"--task {stage}: {folder} has {count} tasks; give 1 to {count}")
        if stage in done:
            raise UserError(f"--task {stage}: {method} has forgotten {len(done)} of {count} tasks of {folder} already")
        if method == RETRAIN:
            run.learn()
            run.gold(stage)
        elif stage > len(done) + 1:
            raise UserError(
                f"--task {stage}: {method} comes to it after task {len(done) + 1}; requests are answered in order"
            )
        else:
            run.learn()
            run.unlearn(method, stage)
    place = stages / stage_name(stage)
    result = read_json(place / DONE)
    what = f"learnt again without tasks 1 to {stage}" if method == RETRAIN else f"forgot task {stage}"
    return result, f"{method} {what} of {count} in {result['seconds']:.1f} s; the model is in {place}"


def run_command(options: RunOptions, *, seeds: int, resume: bool) -> tuple[dict, str]:
    """A whole run, or one per seed; gives the result (of the last seed, with all under `seeds`) and its table."""
    options.check()
    build = opened(options.data)
    options.check_build(build)
    tasks = len(options.task_order(build))
    quiet()
    from lethebench.report import write_report
    from lethebench.runs.continual import execute, headline, phases

    results, folders = [], []
    for seed in range(options.seed, options.seed + seeds):
        folder = options.folder(build)
        each = replace(options, seed=seed, out=folder.with_name(f"{folder.name}-s{seed}") if seeds > 1 else folder)
        with locked(each.out):
            console = Console(phases=phases(each, tasks))
            results.append(execute(build, each, console, resume=resume))
        folders.append(each.out)
    if seeds == 1:
        return results[0], headline(results[0])
    page = write_report(folders, options.folder(build).with_name(f"{options.folder(build).name}-report"))
    text = "\n\n".join(f"seed {options.seed + i}\n{headline(result)}" for i, result in enumerate(results))
    return {**results[-1], "seeds": results, "report": str(page)}, f"{text}\n\nall seeds: {page}"


def report_command(runs: Sequence[Path], out: Path | None) -> Path:
    """Writes the report of one or more runs."""
    from lethebench.report import write_report

    return write_report(list(runs), out or runs[0] / "report")
