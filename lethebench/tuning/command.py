"""`lethe tune`: the same number of stages for every method to find its learning rate and coefficient.

No request of the sequence is looked at. The validation request is made of profiles of the retain set, as many as the
first request has; utility is measured on the other profiles of the retain set and on neighbours. So what is later
reported as forgotten was never tuned on; of what is reported as utility, the retain rows and neighbours were.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from lethebench.baselines.registry import RETRAIN, method_entry
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.checks import check_options
from lethebench.runs.commands import options_of
from lethebench.runs.folder import DONE, RECORD, file_hash, is_done, locked, read_json, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.provenance import library_versions
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.tuning.search import SPAN, Settings, best, read_trials, search, starts, write_trials

SEARCH, TRIALS, TUNED = "search.json", "trials.csv", "tuned.json"
MOST = 512  # rows that a trial is scored on, of each of: the request, what is kept, neighbours, strangers


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """What decides a tuning.

    Attributes:
        method: an unlearning method that trains.
        data: the build.
        budget: stages to try, >= 1, failed ones among them.
        run: a run folder whose learnt model is taken; None = learn in the folder of the tuning.
        model: for stage 1 where there is no `run`; None = tiny.
        preset: the same; None = the preset that belongs to the model.
        utility: relative utility that is asked, in (0, 1].
        seed: of the validation request, the sampler, the stages, and of stage 1 where there is no `run`.
        out: where it goes; None = tuned/<benchmark>-<method>.
    """

    method: str
    data: Path
    budget: int
    run: Path | None = None
    model: str | None = None
    preset: str | None = None
    utility: float = 0.9
    seed: int = 0
    out: Path | None = None

    def check(self) -> None:
        """Refuses what cannot work before anything is loaded.

        Raises:
            UserError: an unknown method or one that trains nothing, a budget or utility out of range, or a model beside
                a run.
        """
        try:
            entry = method_entry(self.method)
        except ValueError as error:
            raise UserError(str(error)) from None
        if entry.name == RETRAIN:
            raise UserError(f"{RETRAIN} is the reference that methods are compared with; it has no setting to tune")
        if not (entry.trains or entry.searched):
            raise UserError(f"{entry.name} trains nothing, so it has no learning rate to tune; run it as it is")
        if self.budget < 1:
            raise UserError(f"--budget {self.budget}: no stage could be tried; give 1 or more")
        if find_spec("optuna") is None:
            raise UserError("lethe tune needs optuna, which is not installed: `pip install 'lethebench[tune]'`")
        if not 0 < self.utility <= 1:
            raise UserError(f"--utility {self.utility}: give a share of the learnt model's utility above 0, at most 1")
        if self.run is not None and (self.model or self.preset):
            raise UserError(f"--from {self.run} brings model and preset with it: leave out --model and --preset")


@dataclass(frozen=True)
class Validation:
    """The rows of a trial: `forget` and `retain` are trained on; `asked` and `kept` are scored."""

    forget: Dataset
    retain: Dataset
    asked: Dataset
    kept: Dataset


def tune_command(options: TuneOptions, *, resume: bool) -> tuple[dict, str]:
    """Searches and writes search.json, trials.csv and tuned.json; gives the last and what to print.

    Raises:
        UserError: bad options, a run that did not learn, or every trial failed.
        CheckFailed: stage 1, made here, did not pass the gate.
    """
    options.check()
    build = open_quietly(options.data)
    of_run = _run_options(options, build)
    folder = options.out or Path("tuned") / f"{build.benchmark}-{options.method}"
    if (folder / SEARCH).exists() and not resume:
        raise UserError(f"{folder} holds a tuning already: go on with it by --resume, or give another folder by --out")
    with locked(folder):
        quiet_libraries()
        return _tune(options, build, of_run, folder)


def _run_options(options: TuneOptions, build: Build) -> RunOptions | None:
    """Those of the given run, once it is known to be fit; else None."""
    if options.run is None:
        check_options(RunOptions(data=options.data, model=options.model or "tiny", preset=options.preset, methods=()))
        return None
    found = options_of(options.run, options.data, options.method)
    if not is_done(options.run / "learnt"):
        raise UserError(f"--from {options.run} did not finish learning: go on with `lethe learn ... --resume`")
    if not read_json(options.run / "learnt" / "gate.json")["passed"]:
        raise UserError(f"--from {options.run} did not pass the gate: what was not learnt cannot be tuned to be forgot")
    if read_json(options.run / RECORD)["data"]["manifest_sha256"] != file_hash(build.path / "manifest.json"):
        raise UserError(f"--from {options.run} was made on other data than {build.path}: give the build it was made on")
    return found


def _tune(options: TuneOptions, build: Build, of_run: RunOptions | None, folder: Path) -> tuple[dict, str]:
    from lethebench.runs.continual import start
    from lethebench.runs.stage import Run

    console = Console(phases=options.budget + (1 if of_run else 4))
    if of_run is None:
        plain = RunOptions(
            data=options.data,
            out=folder / "run",
            model=options.model or "tiny",
            preset=options.preset,
            methods=(),
            seed=options.seed,
        )
        plain.out.mkdir(exist_ok=True)
        run = start(build, plain, console, resume=True)
        run.learn()
    else:
        run = Run(build, of_run, options.run, console)
    middle = starts(options.method, run.preset)
    identity = {
        "method": options.method,
        "utility": options.utility,
        "seed": options.seed,
        "ranges": {name: [value / SPAN, value * SPAN] for name, value in middle.items()},
        "preset": run.preset.name,
        "retain": run.options.retain,
        "data": file_hash(build.path / "manifest.json"),
        "learnt": file_hash(run.learnt / DONE),
        "versions": library_versions(),
    }
    _go_on(folder, identity)
    rows = validation(run, options.seed)
    measure, floor = _measure(run, rows)
    trials = search(
        middle,
        _trial(run, options, rows, measure),
        budget=options.budget,
        utility=options.utility,
        seed=options.seed,
        done=read_trials(folder / TRIALS),
        keep=lambda found: write_trials(folder / TRIALS, found),
    )
    chosen = best(trials, options.utility)
    tuned = {
        "method": options.method,
        "settings": dict(chosen.settings),
        "trial": chosen.number,
        "forget": chosen.forget,
        "utility_relative": chosen.utility,
        "utility_reached": chosen.utility >= options.utility,
        "of_the_preset": asdict(trials[0]),
        "trials": len(trials),
        "failed": sum(trial.state != "complete" for trial in trials),
        "guessed": floor,
        "rows": {name: len(getattr(rows, name)) for name in ("forget", "retain", "asked", "kept")},
        "search": identity,
    }
    write_json(folder / TUNED, tuned)
    return tuned, _words(tuned, folder)


def _go_on(folder: Path, identity: dict) -> None:
    """Notes what is searched, or refuses to go on with another search."""
    if (folder / SEARCH).exists():
        before = read_json(folder / SEARCH)
        for key, value in identity.items():
            if before.get(key) != value:
                raise UserError(
                    f"{folder} was tuned with {key} {before.get(key)}, now it is {value}: give another folder by --out"
                )
    write_json(folder / SEARCH, identity)


def validation(run, seed: int) -> Validation:
    """A request made of retain profiles, and what is left of the retain set to measure utility on.

    Raises:
        UserError: fewer than two profiles are retained.
    """
    build = run.build
    people = sorted(set(build.retain["profile_id"]))
    count = min(len(set(run.task(1)["profile_id"])), len(people) // 2)
    if count == 0:
        raise UserError(f"{build.path} retains {len(people)} profile: tuning needs one to forget and another to keep")
    chosen = set(random.Random(seed).sample(people, count))
    places: dict[bool, list[int]] = {True: [], False: []}
    for place, profile in enumerate(build.retain["profile_id"]):
        places[profile in chosen].append(place)
    asked, others = (build.retain.select(places[part]) for part in (True, False))
    request = asked.remove_columns("task_id").add_column("task_id", [0] * len(asked))
    retain = concatenate_datasets([build.forget, others]) if run.options.retain == "rest" else others
    kept = [_at_most(part) for part in (others, build.neighbour) if part is not None]
    return Validation(request, retain, _at_most(asked), concatenate_datasets(kept))


def _at_most(rows: Dataset) -> Dataset:
    """Rows at even distances, `MOST` at most."""
    return rows.select(range(0, len(rows), -(-len(rows) // MOST))) if len(rows) else rows


def _measure(run, rows: Validation) -> tuple[Callable[[list[dict]], tuple[float, float]], float]:
    """What turns a trial's scored rows into forget and relative utility, and the share of facts that can be guessed.

    The learnt model's own scores were kept by stage 1. What it gets right about the people of the holdout set, whom it
    never saw, stands for what a model retrained without the request would know; 0 where a build has none.
    """
    from lethebench.evaluation.metrics import forget_value
    from lethebench.evaluation.metrics.rows import group_knowledge, mean, utility_of
    from lethebench.runs.summary import read_rows
    from lethebench.scoring.models import load, score

    asked, kept = set(rows.asked["id"]), set(rows.kept["id"])
    learnt = read_rows(run.learnt)
    floor = 0.0
    if "holdout" in run.build.manifest["splits"][run.build.config]:
        with run.console.phase("score people whom the learnt model never saw") as tick:
            strangers = _at_most(run.build.split("holdout"))
            scored = score(load(str(run.learnt)), strangers, progress=lambda share: tick(round(1000 * share), 1000))
        floor = mean(scored, "keyword_match")

    def of(scored: list[dict], ids: set[str]) -> list[dict]:
        return [row for row in scored if row["id"] in ids]

    before, left = mean(of(learnt, asked), "keyword_match"), of(learnt, kept)
    known = group_knowledge(left)
    try:
        forget_value(before, before, floor)
        utility = utility_of(left, known, None)["utility"]
        utility_of(left, known, utility)
    except ValueError as error:
        raise UserError(f"{run.learnt} cannot be tuned on: {error}") from None

    def measure(scored: list[dict]) -> tuple[float, float]:
        forget = forget_value(mean(of(scored, asked), "keyword_match"), before, floor)
        return forget, utility_of(of(scored, kept), known, utility)["utility_relative"]

    return measure, floor


def _trial(run, options: TuneOptions, rows: Validation, measure) -> Callable[[int, Settings], tuple[float, float]]:
    """One stage from the learnt model, scored; nothing of it is kept but its figures."""
    from lethebench.baselines.stage import Stage
    from lethebench.runs.settings import apply_settings
    from lethebench.runs.stage import stage_seed
    from lethebench.runs.training import Ticks, unlearn_task
    from lethebench.scoring.models import score

    scored = concatenate_datasets([rows.asked, rows.kept])

    def trial(number: int, settings: Settings) -> tuple[float, float]:
        words = ", ".join(f"{name} {value:.3g}" for name, value in settings.items())
        with run.console.phase(f"trial {number + 1} of {options.budget}: {words}") as tick:
            preset = apply_settings(run.preset, {options.method: settings})
            seed = stage_seed(options.seed, options.method, 1)
            stage = Stage(
                options.method,
                str(run.learnt),
                run.encoder.processor,
                rows.forget,
                rows.retain,
                preset,
                seed=seed,
                encoder=run.encoder,
                callbacks=[Ticks(tick)],
            )
            _, loaded = unlearn_task(stage)
            return measure(score(loaded, scored, progress=lambda share: tick(round(1000 * share), 1000)))

    return trial


def _words(tuned: dict, folder: Path) -> str:
    settings = ", ".join(f"{name} {value:.3g}" for name, value in tuned["settings"].items())
    asked = tuned["search"]["utility"]
    first = tuned["of_the_preset"]
    own = "failed" if first["forget"] is None else f"forget {first['forget']:.3f}, utility {first['utility']:.3f}"
    lines = [
        f"{tuned['method']}: {settings}",
        f"forget {tuned['forget']:.3f} at {tuned['utility_relative']:.3f} of the learnt model's utility",
        f"the preset's own settings: {own}",
        f"{tuned['trials']} trials, {tuned['failed']} failed: {folder / TRIALS}",
        f"to use it: lethe run ... --method {tuned['method']} --settings {folder / TUNED}",
    ]
    if not tuned["utility_reached"]:
        lines.insert(2, f"no trial kept {asked} of utility, as was asked: this is the nearest; try a larger budget")
    return "\n".join(lines)
