"""The command line. Each command parses, hands over to the library, and prints what came back.

Exit status: 0 done; 1 a check said no; 2 wrong use or bad input, with one line on stderr.
"""

import os

# Read once, when torch and TRL load: threads that spin starve a shared CPU, and a run tells nobody about itself.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import sys
from pathlib import Path
from typing import Annotated

import typer

from lethebench.cli.evaluate import evaluate
from lethebench.cli.output import Json, show
from lethebench.cli.publish import commands

app = typer.Typer(
    name="lethe",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Benchmarks, trainers and metrics for continual unlearning in vision-language models.",
)

Data = Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `lethe build` wrote.")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, options and versions: same result.")]
Model = Annotated[str, typer.Option(help="tiny, a folder with a model, or a Hub id.")]
Preset = Annotated[str | None, typer.Option(help="Training settings by name: see `lethe list models`.")]
Threshold = Annotated[float, typer.Option(min=0.0, max=1.0, help="Exact match the gate asks of each modality.")]
IgnoreGate = Annotated[bool, typer.Option("--ignore-gate", help="Go on with a model that did not learn; flagged.")]
Retain = Annotated[
    str,
    typer.Option(
        help="rest: all that is not yet asked to be forgotten; released: the task's own retain set (mlu); fixed: the "
        "retain split alone."
    ),
]
LearnNeighbour = Annotated[
    bool, typer.Option("--learn-neighbour", help="Learn the neighbour rows too, with a model that starts from nothing.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")]
Modality = Annotated[
    str | None, typer.Option(help="Forget rows to unlearn: image_text, text or both; default the method's.")
]
SettingsFiles = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="Settings of a method, as in tuned.json of `lethe tune`.")
]


@app.command("list")
def list_command(
    what: Annotated[str, typer.Argument(metavar="[benchmarks|imports|methods|metrics|models]")] = "all",
    as_json: Json = False,
) -> None:
    """What there is, with sizes and sources.

    Example: lethe list methods
    """
    from lethebench.cli.listing import catalog, render

    table = catalog(what)
    show(table, as_json, render(table))


@app.command()
def build(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A benchmark: see `lethe list benchmarks`.")],
    size: Annotated[str, typer.Option(help="paper, small, or a number of profiles.")] = "paper",
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Where the folder goes; default build/NAME.")] = None,
    num_proc: Annotated[int, typer.Option(min=1, help="Processes; the bytes do not depend on it.")] = 1,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="K=V", help="An option of the benchmark; an unknown one lists them."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Also draw preview.png, which the card shows.")] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="PATH", help="Take the rows from an official release: see `lethe list imports`."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Build a benchmark as a folder that is ready to be a Hub dataset repository.

    Example: lethe build icu --size small --preview

    Example: lethe build mlu --from MLUBench.zip --option pictures=DIR
    """
    from lethebench.cli.data import build_command

    manifest, text = build_command(name, size, seed, out, num_proc, option or [], preview, source)
    show(manifest, as_json, text)


@app.command()
def verify(folder: Data, as_json: Json = False) -> None:
    """Read a build as a stranger would; fail with file, row and reason.

    Example: lethe verify build/icu
    """
    from lethebench.cli.data import verify_command

    report, text = verify_command(folder)
    show(report, as_json, text)
    if not report["ok"]:
        raise typer.Exit(1)


@app.command()
def export(
    folder: Data,
    layout: Annotated[str, typer.Option(help="mllmu-bench: the columns of its release; lm-eval, lmms-eval: tasks.")],
    out: Annotated[Path, typer.Option(help="Where it goes: a folder that is free or empty.")],
    data: Annotated[
        str | None, typer.Option(metavar="ORG/NAME", help="What the tasks load; default DIR as it lies here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a build in another project's layout, for scripts and harnesses that do not know this one.

    Example: lethe export build/mllmu --layout mllmu-bench --out build/mllmu-bench

    Example: lethe export build/icu --layout lm-eval --out tasks
    """
    from lethebench.cli.export import export_command

    written, text = export_command(folder, layout, out, data)
    show(written, as_json, text)


@app.command()
def learn(
    data: Data,
    model: Model = "tiny",
    preset: Preset = None,
    out: Annotated[Path | None, typer.Option(metavar="RUN", help="The run folder; default runs/<benchmark>.")] = None,
    learn_neighbour: LearnNeighbour = False,
    seed: Seed = 0,
    threshold: Threshold = 0.9,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Stage 1: the model learns the benchmark, and the gate tells whether it did.

    Example: lethe learn build/icu --model tiny --out runs/icu
    """
    from lethebench.cli.train import learn_command
    from lethebench.runs.options import RunOptions

    options = RunOptions(
        data=data,
        out=out,
        model=model,
        preset=preset,
        methods=(),
        learn_neighbour=learn_neighbour,
        seed=seed,
        threshold=threshold,
        ignore_gate=True,
    )
    gate, text = learn_command(options, resume=resume)
    show(gate, as_json, text)
    if not gate["passed"]:
        raise typer.Exit(1)


@app.command()
def unlearn(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="See `lethe list methods`.")],
    data: Data,
    run: Annotated[Path, typer.Option("--from", metavar="RUN", help="A run folder of `lethe learn`.")],
    task: Annotated[int | None, typer.Option(min=1, help="Which request, counted from 1; default the next.")] = None,
    modality: Modality = None,
    settings: SettingsFiles = None,
    ignore_gate: IgnoreGate = False,
    as_json: Json = False,
) -> None:
    """One stage: the model forgets the next task; `retrain` makes the gold model to compare with.

    Example: lethe unlearn npo build/icu --from runs/icu
    """
    from lethebench.cli.train import unlearn_command
    from lethebench.runs.settings import read_settings

    own = read_settings(settings or [], modality, (method,))
    record, text = unlearn_command(method, data, run, task, ignore_gate=ignore_gate, settings=own)
    show(record, as_json, text)


@app.command()
def run(
    data: Data,
    method: Annotated[str, typer.Option(help="One or more methods, with commas: see `lethe list methods`.")] = "npo",
    model: Model = "tiny",
    tasks: Annotated[int | None, typer.Option(min=1, help="How many requests to forget; default all.")] = None,
    retain: Retain = "rest",
    learn_neighbour: LearnNeighbour = False,
    gold: Annotated[str, typer.Option(help="Retrain after which tasks: last, all, or every K-th.")] = "last",
    order_seed: Annotated[int | None, typer.Option(min=0, help="Shuffles the order of the tasks.")] = None,
    seed: Seed = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Runs with SEED, SEED+1, ...; folders OUT-s0, OUT-s1, ...")] = 1,
    preset: Preset = None,
    modality: Modality = None,
    settings: SettingsFiles = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; default runs/<benchmark>.")] = None,
    threshold: Threshold = 0.9,
    ignore_gate: IgnoreGate = False,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """A whole continual run: learn, gate, unlearn task by task, retrain gold, score, report.

    Example: lethe run build/icu --method ga,npo --model tiny --tasks 4
    """
    from lethebench.cli.train import run_command
    from lethebench.runs.options import RunOptions
    from lethebench.runs.settings import read_settings

    methods = tuple(name.strip() for name in method.split(","))
    options = RunOptions(
        data=data,
        out=out,
        model=model,
        preset=preset,
        methods=methods,
        tasks=tasks,
        retain=retain,
        learn_neighbour=learn_neighbour,
        gold=gold,
        seed=seed,
        order_seed=order_seed,
        threshold=threshold,
        ignore_gate=ignore_gate,
        settings=read_settings(settings or [], modality, methods),
    )
    result, text = run_command(options, seeds=seeds, resume=resume)
    show(result, as_json, text)


@app.command()
def tune(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="One that trains: see `lethe list methods`.")],
    data: Data,
    budget: Annotated[int, typer.Option(metavar="N", help="Stages to try; give every method as many.")],
    run: Annotated[Path | None, typer.Option("--from", metavar="RUN", help="Its learnt model; default: learn.")] = None,
    model: Annotated[str | None, typer.Option(help="To learn with, without --from; default tiny.")] = None,
    preset: Preset = None,
    utility: Annotated[float, typer.Option(help="Share of the learnt model's utility that must be kept.")] = 0.9,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="Where it goes; default tuned/<benchmark>-METHOD.")] = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Search a method's learning rate and coefficient: most forgotten among what keeps the utility.

    Writes tuned.json (the choice, for --settings) and trials.csv (every trial).

    Example: lethe tune npo build/icu --budget 20 --from runs/icu
    """
    from lethebench.tuning.command import TuneOptions, tune_command

    options = TuneOptions(
        method=method,
        data=data,
        budget=budget,
        run=run,
        model=model,
        preset=preset,
        utility=utility,
        seed=seed,
        out=out,
    )
    tuned, text = tune_command(options, resume=resume)
    show(tuned, as_json, text)


app.command()(evaluate)


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="One or more run folders.")],
    out: Annotated[Path | None, typer.Option(help="Where the report goes; default RUN/report.")] = None,
    as_json: Json = False,
) -> None:
    """A self-contained page with figures and tables, as HTML, PNG, Markdown and CSV.

    Example: lethe report runs/demo
    """
    from lethebench.cli.train import report_command

    page = report_command(runs, out)
    show({"report": str(page)}, as_json, str(page))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The run folder; its data goes to OUT/data.")] = Path("runs/demo"),
    seed: Seed = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """The main job, whole, on the embedded tiny model on a CPU, in about two minutes.

    Builds a small icu, learns it, passes the gate, unlearns it task by task with ga and npo, measures against a
    retrained gold model, and writes the report.

    Example: lethe demo
    """
    from lethebench.runs.demo import demo_command

    result, text = demo_command(out, seed=seed, resume=resume)
    show(result, as_json, text)


app.add_typer(commands)


STOPPED = 130  # by Ctrl-C: 128 + SIGINT


def main() -> None:
    """Runs the command line; what a user can cause ends in one line and exit status 1 or 2, Ctrl-C in 130."""
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except Exception as error:
        if hasattr(error, "show"):  # a ClickException: wrong command, option or argument
            error.show()
            sys.exit(error.exit_code)
        from lethebench.errors import CheckFailed, explain

        line = str(error) if isinstance(error, CheckFailed) else explain(error)
        if line is None:
            raise
        print(f"lethe: {line}", file=sys.stderr)
        code = 1 if isinstance(error, CheckFailed) else 2
    if code == STOPPED:
        what = "finished stages of a run are kept: give the command again, with --resume where it has that"
        print(f"lethe: stopped; {what}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
