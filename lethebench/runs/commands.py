"""Behind `lethe learn`, `unlearn` and `run`: check, open, lock, run, and describe the result.

What takes seconds to import (torch, transformers, TRL) is imported once nothing can be wrong any more.
"""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lethebench.baselines.registry import RETRAIN
from lethebench.console import Console
from lethebench.contract.folder_kinds import REPORT
from lethebench.contract.own_folder import refuse_foreign
from lethebench.errors import UserError
from lethebench.runs.checks import check_build, check_method, check_options
from lethebench.runs.elsewhere import check_checkpoints, check_name, checkpoints_of
from lethebench.runs.folder import RECORD, is_done, stage_name
from lethebench.runs.options import SECTIONS, RunOptions
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.runs.records import REPAIR, read_done, read_run
from lethebench.runs.world import held, world

TRAINING = ("model", "preset", "learn_neighbour", "seed", "generate_with")
"""Options that decide the weights and the answers of the initial model and of gold models."""


def learn_command(options: RunOptions, *, resume: bool, repair: bool = False) -> tuple[dict[str, Any], str]:
    """Run stage 1; return gate.json and the text to print."""
    world()  # before the checks make configs of trainers, which would connect the processes in their own way
    check_options(options)
    build = open_quietly(options.data)
    check_build(options, build)
    folder = options.folder(build)
    with held(folder):
        quiet_libraries()
        from lethebench.runs.continual import start
        from lethebench.runs.gate import exact_match_text

        gate = start(build, options, Console(phases=2), resume=resume, repair=repair).learn()
    neighbour = exact_match_text(gate["neighbour"])
    lines = [
        f"exact match {exact_match_text(gate)}; on held-out wordings "
        f"{exact_match_text(gate['held_out']) or 'none: the build has none'}",
        *([f"on neighbours {neighbour}"] if neighbour else []),
        f"{gate['parameters']:,} parameters, {gate['steps']} steps, {gate['seconds']:.1f} s",
        f"gate {'passed' if gate['passed'] else 'failed'} (required: {gate['threshold']} per modality); "
        f"the model is in {folder / 'learnt'}",
    ]
    return gate, "\n".join(lines)


def options_of(folder: Path, data: Path, method: str) -> RunOptions:
    """Return the options that a run folder was created with, for one method.

    The method's settings are those of its finished stages, none before the first.

    Raises:
        UserError: The folder is not a run.
    """
    if not (folder / RECORD).is_file():
        raise UserError(f"--from {folder} is not a run: make one with `lethe learn {data} --out {folder}`")
    record = read_run(folder)
    options = RunOptions.from_record(record, data=data, out=folder, methods=(method,), ignore_gate=False)
    if is_done(folder / method / stage_name(1)):
        return options
    shared = {name: values for name, values in options.settings.items() if name in SECTIONS}
    return replace(options, settings=shared)


def unlearn_command(
    method: str,
    data: Path,
    folder: Path,
    task: int | None,
    *,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    **changes: Any,
) -> tuple[dict[str, Any], str]:
    """Run one stage of a method, or of the gold model (`retrain`); return its record and the text to print.

    Args:
        method: A method's name, `package.module:Class`, or `retrain`.
        data: The build.
        folder: A run folder whose stage 1 is finished.
        task: The request, from 1; None = the method's next.
        settings: Section -> name -> value; without any a method keeps those of its earlier stages.
        changes: Other fields of RunOptions that the command takes.

    Raises:
        UserError: Not a run, a task out of order or already unlearned, or settings for `retrain`.
    """
    world()
    method = check_method(method).name
    build = open_quietly(data)
    options = replace(options_of(folder, data, method), **changes)
    options = replace(options, settings={**options.settings, **(settings or {})})
    build = build.by_request(options.tasks_per_request)
    if method == RETRAIN:
        if settings:
            raise UserError(f"{RETRAIN} repeats stage 1 of {folder} with its settings: leave out --set and --modality")
        options = replace(options, methods=())
    check_options(options)
    with held(folder):
        if not is_done(folder / "learnt"):
            raise UserError(f"{folder} has not finished stage 1: run `lethe learn {data} --out {folder} --resume`")
        quiet_libraries()
        from lethebench.runs.continual import start
        from lethebench.runs.stage import GOLD

        with _repair_by_run(folder, data):
            run = start(build, options, Console(phases=5), resume=True)
        stages = folder / (GOLD if method == RETRAIN else method)
        stage = _next_stage(stages, task, len(run.order), folder)
        run.learn()
        if method == RETRAIN:
            run.gold(stage)
        else:
            run.unlearn(method, stage)
    record = read_done(folder, f"{stages.name}/{stage_name(stage)}")
    action = f"retrained without tasks 1 to {stage}" if method == RETRAIN else f"unlearned task {stage}"
    where = stages / stage_name(stage)
    return record, f"{method}: {action} of {len(run.order)} in {record['seconds']:.1f} s; the model is in {where}"


@contextmanager
def _repair_by_run(folder: Path, data: Path) -> Iterator[None]:
    """Name a command that repairs a run, in errors that advise `--resume --repair`, which `lethe unlearn` lacks."""
    try:
        yield
    except UserError as error:
        text = str(error)
        if REPAIR not in text:
            raise
        options = RunOptions.from_record(read_run(folder), data=data, out=folder)
        if options.methods or f"{folder / 'learnt'}" in text:
            command = shlex.join([*options.command_line(), "--resume", "--repair"])
            cure = f"`{command}` runs this stage and what depends on it again"
        else:  # a gold model of a run without methods
            cure = f"remove {folder / 'gold'} and retrain by `lethe unlearn {RETRAIN} {data} --from {folder}`"
        raise UserError(text.replace(REPAIR, cure)) from error


def _next_stage(stages: Path, task: int | None, count: int, folder: Path) -> int:
    """Return the stage to run: `task`, or the first that is not finished.

    Raises:
        UserError: No such task, a finished one, or one whose predecessor is not finished.
    """
    method = RETRAIN if stages.name == "gold" else stages.name
    finished = [stage for stage in range(1, count + 1) if is_done(stages / stage_name(stage))]
    stage = task or next((stage for stage in range(1, count + 1) if stage not in finished), count)
    if stage > count:
        raise UserError(f"--task {stage}: {folder} has {count} tasks; pass 1 to {count}")
    if stage in finished:
        if method == RETRAIN:
            raise UserError(f"--task {stage}: the gold model without tasks 1 to {stage} is already in {folder}")
        raise UserError(f"--task {stage}: {method} has already unlearned tasks 1 to {len(finished)} in {folder}")
    if method != RETRAIN and stage > len(finished) + 1:
        raise UserError(f"--task {stage}: tasks run in order; the next one for {method} is {len(finished) + 1}")
    return stage


def inherited(options: RunOptions, source: Path) -> RunOptions:
    """Return the options with those that decide training from another run, where they have their default.

    Raises:
        UserError: `source` is not a run.
    """
    if not (source / RECORD).is_file():
        raise UserError(f"--from {source} is not a run: pass the folder of a `lethe learn` or `lethe run`")
    other = RunOptions.from_record(read_run(source), out=source)
    fields = RunOptions.__dataclass_fields__
    changes: dict[str, Any] = {
        name: getattr(other, name) for name in TRAINING if getattr(options, name) == fields[name].default
    }
    if not set(SECTIONS) & set(options.settings):
        shared = {name: values for name, values in other.settings.items() if name in SECTIONS}
        changes["settings"] = {**options.settings, **shared}
    return replace(options, **changes)


def named(options: RunOptions, name: str | None) -> RunOptions:
    """Return the options of `lethe run` with the name of their checkpoints as the only method.

    Raises:
        UserError: Checkpoints without a name or the other way around, or methods beside checkpoints.
    """
    if not options.checkpoints and name is None:
        return options
    if not options.checkpoints:
        raise UserError(f"--name {name}: names the models of --checkpoints; pass these too")
    if name is None:
        raise UserError("--checkpoints: pass the name of their method too, by --name NAME")
    if options.methods != RunOptions.__dataclass_fields__["methods"].default:
        raise UserError(
            f"--method {','.join(options.methods)}: a run of --checkpoints has one method, its own; run others apart, "
            "and compare them by `lethe report RUN RUN`"
        )
    check_name(name)
    tasks = options.tasks or len(checkpoints_of(options.checkpoints))
    return replace(options, methods=(name,), tasks=tasks)


def run_command(
    options: RunOptions,
    *,
    seeds: int,
    resume: bool,
    repair: bool = False,
    source: Path | None = None,
    dry_run: bool = False,
) -> tuple[dict[str, Any], str]:
    """Run a whole sequence once, or once per seed.

    Args:
        options: The options.
        seeds: Number of seeds, from the options' seed on.
        resume: Continue interrupted runs.
        repair: Run damaged stages again.
        source: A run whose initial and gold models are taken over where they fit; with several seeds RUN-s0, ...
        dry_run: Estimate what is left to do of the first seed, and run nothing.

    Returns:
        The result (of the last seed, with all under `seeds`), and the text to print.
    """
    world()
    sources: list[Path | None] = [source] * seeds
    if source is not None:
        each = [source] if seeds == 1 else [_beside(source, f"s{options.seed + index}") for index in range(seeds)]
        options, sources = inherited(options, each[0]), [*each]
    check_options(options)
    build = open_quietly(options.data).by_request(options.tasks_per_request)
    check_build(options, build)
    tasks = len(options.task_order(build))
    quiet_libraries()
    if options.checkpoints:
        _check_elsewhere(options, options.folder(build), tasks, seeds, source)
    if dry_run:
        from lethebench.runs.estimate import dry_run as estimated

        return estimated(build, options, seeds=seeds, source=sources[0])
    from lethebench.report import write_report
    from lethebench.runs.continual import count_phases, execute, headline

    out = options.folder(build)
    folders = [out] if seeds == 1 else [_beside(out, f"s{options.seed + i}") for i in range(seeds)]
    if seeds > 1:
        world().main(lambda: refuse_foreign(_beside(out, "report"), REPORT))
    results = []
    for index, folder in enumerate(folders):
        seed_options = replace(options, seed=options.seed + index, out=folder)
        with held(folder):
            console = Console(phases=count_phases(seed_options, tasks))
            results.append(execute(build, seed_options, console, resume=resume, repair=repair, source=sources[index]))
    if seeds == 1:
        return results[0], headline(results[0])
    page = world().main(lambda: write_report(folders, _beside(out, "report")))
    text = "\n\n".join(f"seed {options.seed + index}\n{headline(result)}" for index, result in enumerate(results))
    return {**results[-1], "seeds": results, "report": str(page)}, f"{text}\n\nall seeds: {page}"


def _check_elsewhere(options: RunOptions, folder: Path, tasks: int, seeds: int, source: Path | None) -> None:
    """Raise UserError unless the checkpoints of the options fit the initial model of the run or of its source."""
    if seeds > 1:
        raise UserError("--seeds: checkpoints belong to one seed; run each seed apart, and pass all to `lethe report`")
    initial = next((run / "learnt" for run in (folder, source) if run and is_done(run / "learnt")), None)
    if initial is None:
        raise UserError("--checkpoints: pass the run whose initial model they were made from, by --from RUN")
    check_checkpoints(checkpoints_of(options.checkpoints), initial, tasks)


def _beside(folder: Path, ending: str) -> Path:
    """Return the folder NAME-ENDING beside a folder."""
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    return Path(f"{folder}-{ending}")
