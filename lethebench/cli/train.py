"""The commands of `lethe` that train, unlearn, tune and report."""

from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.command import RunValues, command
from lethebench.cli.output import Json, show
from lethebench.contract.importing import importing

Resume = Annotated[bool, typer.Option("--resume", help="Resume an interrupted run; finished stages are kept.")]
Repair = Annotated[
    bool, typer.Option("--repair", help="With --resume: run damaged stages again, and those made from them.")
]
Method = Annotated[str, typer.Argument(metavar="METHOD", help="See `lethe list methods`; or package.module:Class.")]


def learn(options: RunValues, resume: Resume = False, repair: Repair = False, as_json: Json = False) -> None:
    """Train a model on a benchmark and check the memorization gate.

    Exits 1 if the gate fails.

    Example: lethe learn build/icu --model tiny --out runs/icu
    """
    with importing():
        from lethebench.runs.commands import learn_command
        from lethebench.runs.options import RunOptions

    gate, text = learn_command(RunOptions(**options, methods=(), ignore_gate=True), resume=resume, repair=repair)
    show(gate, as_json, text)
    if not gate["passed"]:
        raise typer.Exit(1)


def unlearn(
    method: Method,
    options: RunValues,
    run: Annotated[Path, typer.Option("--from", metavar="RUN", help="A run folder of `lethe learn`.")],
    task: Annotated[int | None, typer.Option(min=1, help="Request to unlearn, from 1; default the next.")] = None,
    as_json: Json = False,
) -> None:
    """Unlearn the next task of a run. METHOD `retrain` retrains the gold model to compare with.

    Example: lethe unlearn npo build/icu --from runs/icu
    """
    with importing():
        from lethebench.runs.commands import unlearn_command

    changes = {name: value for name, value in options.items() if name not in ("data", "settings")}
    record, text = unlearn_command(method, options["data"], run, task, settings=options["settings"], **changes)
    show(record, as_json, text)


def run(
    options: RunValues,
    seeds: Annotated[int, typer.Option(min=1, help="Runs with SEED, SEED+1, ...; folders OUT-s0, OUT-s1, ...")] = 1,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Run whose initial and gold models to use where they fit."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the method of --checkpoints.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate hours, memory and disk from a few steps; run nothing.")
    ] = False,
    resume: Resume = False,
    repair: Repair = False,
    as_json: Json = False,
) -> None:
    """Run a whole experiment, from training to the report.

    Trains, checks the memorization gate, unlearns task by task, retrains gold models, scores and writes the report.

    Example: lethe run build/icu --method ga,npo --model tiny --tasks 4

    Example: lethe run build/icu --method simnpo --from runs/icu --out runs/simnpo

    Example: lethe run build/icu --checkpoints 1=my/t1,2=my/t2 --name mine --from runs/icu --out runs/mine

    Example: lethe run build/icu --set learn.learning_rate=1e-5 --set npo.beta=0.4

    Example: lethe run build/icu --method npo,ga --dry-run
    """
    with importing():
        from lethebench.runs.commands import named, run_command
        from lethebench.runs.options import RunOptions

    run_options = named(RunOptions(**options), name)
    result, text = run_command(run_options, seeds=seeds, resume=resume, repair=repair, source=source, dry_run=dry_run)
    show(result, as_json, text)


def tune(
    method: Method,
    options: RunValues,
    budget: Annotated[int, typer.Option(metavar="N", help="Number of trials; give every method as many.")],
    run: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Run whose initial model to use; default: train one.")
    ] = None,
    utility: Annotated[float, typer.Option(help="Minimum utility, as a share of the initial model's.")] = 0.9,
    resume: Resume = False,
    repair: Repair = False,
    as_json: Json = False,
) -> None:
    """Search the settings of a method. Picks the most forgetting among the trials that keep the utility.

    Writes tuned.json (the best settings, for --settings) and trials.csv (every trial).

    Example: lethe tune npo build/icu --budget 20 --from runs/icu
    """
    with importing():
        from lethebench.tuning.command import TuneOptions, tune_command

    tuned, text = tune_command(
        TuneOptions(method=method, budget=budget, run=run, utility=utility, **options), resume=resume, repair=repair
    )
    show(tuned, as_json, text)


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="One or more run folders.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default RUN/report.")] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="Also write tables as LaTeX and figures as PDF and SVG.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the report of runs. One self-contained page; its figures as PNG, its tables as Markdown and CSV.

    Example: lethe report runs/demo

    Example: lethe report runs/s0 runs/s1 runs/s2 --paper --out report
    """
    with importing():
        from lethebench.report import write_report

    page = write_report(list(runs), out or runs[0] / "report", paper=paper)
    show({"report": str(page)}, as_json, str(page))


def watch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    once: Annotated[bool, typer.Option("--once", help="Print the state of the run and exit.")] = False,
    as_json: Json = False,
) -> None:
    """Follow a run from another terminal until it ends.

    Shows the stage that runs, its step and loss, the time that is left, and the knowledge of each task after each
    stage. Exits 2 if the run ended before it was finished.

    Example: lethe watch runs/icu
    """
    from lethebench.runs.watch import watch_command

    def say(text: str) -> None:
        typer.echo(text, err=True)

    state, text = watch_command(run, once=once, say=say)
    show(state, as_json, text)


def demo(options: RunValues, resume: Resume = False, repair: Repair = False, as_json: Json = False) -> None:
    """Run everything on a small benchmark and the tiny model.

    Builds a small icu, trains on it, checks the gate, unlearns it task by task with ga and npo, measures against a
    retrained gold model, and writes the report. The data goes to OUT/data.

    Example: lethe demo
    """
    with importing():
        from lethebench.runs.demo import demo_command

    result, text = demo_command(options["out"], seed=options["seed"], resume=resume, repair=repair)
    show(result, as_json, text)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    command(app)(learn)
    command(app)(unlearn)
    command(app)(run)
    command(app, model=None)(tune)
    command(app)(report)
    command(app)(watch)
    command(app, out=Path("runs/demo"))(demo)
