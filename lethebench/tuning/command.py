"""`lethe tune`: search a method's learning rate and coefficients, with as many stages for every method.

No request of the sequence is used. The validation request consists of profiles of the retain set, as many as the first
request has; utility is measured on the other profiles of the retain set and on neighbours. So what is later reported as
forgotten was never tuned on; of what is reported as utility, the retain rows and neighbours were.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import concatenate_datasets

from lethebench.baselines.registry import RETRAIN, method_entry
from lethebench.baselines.tiny import TINY
from lethebench.console import Console
from lethebench.contract.records import Record, read_record
from lethebench.errors import UserError
from lethebench.runs.build import Build
from lethebench.runs.checks import check_options, check_repair
from lethebench.runs.commands import options_of
from lethebench.runs.folder import file_hash, is_done, locked, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import LEARNT, check_line, weights_hash
from lethebench.runs.provenance import DECISIVE, library_versions
from lethebench.runs.quiet import open_quietly, quiet_libraries
from lethebench.runs.records import read_gate
from lethebench.tuning.search import SPAN, Settings, best, read_trials, search, starts, write_trials
from lethebench.tuning.validation import Measure, Validation, measure_of, validation

if TYPE_CHECKING:
    from lethebench.runs.stage import Run

SEARCH, TRIALS, TUNED = "search.json", "trials.csv", "tuned.json"


@dataclass(frozen=True, kw_only=True)
class TuneOptions:
    """Options of `lethe tune`.

    Attributes:
        method: A method's name or `package.module:Class`.
        data: The build.
        budget: Stages to try, 1 or more, failed ones included.
        run: A run folder whose initial model to use; None = train one in the folder of the tuning.
        model: For stage 1 without a `run`; None = tiny.
        preset: The same; None = the preset that belongs to the model.
        settings: Section -> name -> value, over the preset's. The method's are the middle of the searched ranges, or
            hold in every trial if they are not searched; other sections are for stage 1 without a `run`.
        utility: Required relative utility, in (0, 1].
        seed: Of the validation request, the sampler, the stages, and of stage 1 without a `run`.
        out: Output folder; None = tuned/<benchmark>-<method>.
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
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", self.method.replace(":", "."))

    def stage_one(self, out: Path | None = None) -> RunOptions:
        """Return the options of the run that trains the initial model, with the settings of the method among them."""
        model = self.model or TINY
        return RunOptions(
            data=self.data,
            out=out,
            model=model,
            preset=self.preset,
            methods=(),
            seed=self.seed,
            settings=self.settings,
        )

    def check(self) -> None:
        """Raise if the options cannot work, before anything is loaded but a plug-in's class.

        Raises:
            UserError: An unknown method or one without settings to search, a budget or utility out of range, or a
                model beside a run.
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
            raise UserError(f"--utility {self.utility}: give a share of the initial model's utility, in (0, 1]")
        if self.run is not None and (self.model or self.preset):
            raise UserError(f"--from {self.run} has its own model and preset: leave out --model and --preset")
        if self.run is not None and (others := set(self.settings) - {entry.name}):
            raise UserError(f"--from {self.run}: stage 1 is done, so settings of {min(others)} have no effect")


def tune_command(options: TuneOptions, *, resume: bool, repair: bool = False) -> tuple[dict[str, Any], str]:
    """Search, and write search.json, trials.csv and tuned.json; return the last and the text to print.

    Raises:
        UserError: Wrong options, a run whose stage 1 is not done, is damaged or failed the gate, or every trial failed.
        CheckFailed: Stage 1, run here, failed the gate.
    """
    options.check()
    check_repair(resume=resume, repair=repair)
    if repair and options.run is not None:
        cure = f"`lethe learn {options.data} --out {options.run} --resume --repair`"
        raise UserError(f"--repair: --from {options.run} is another run; repair it by {cure}")
    build = open_quietly(options.data)
    run_options = _run_options(options, build)
    folder = options.out or Path("tuned") / f"{build.benchmark}-{options.method}"
    if (folder / SEARCH).exists() and not resume:
        raise UserError(f"{folder} already holds a tuning: pass --resume to continue it, or another folder with --out")
    with locked(folder):
        quiet_libraries()
        return _tune(options, build, run_options, folder, repair)


def _run_options(options: TuneOptions, build: Build) -> RunOptions | None:
    """The options of the run to start from, None if stage 1 is to be run here."""
    if options.run is None:
        check_options(options.stage_one())
        return None
    recorded = options_of(options.run, options.data, options.method)
    own = {**recorded.settings.get(options.method, {}), **options.settings.get(options.method, {})}
    run_options = replace(recorded, settings={**recorded.settings, options.method: own})
    check_options(run_options)
    if not is_done(options.run / "learnt"):
        raise UserError(f"--from {options.run}: stage 1 is not finished; resume it with `lethe learn ... --resume`")
    record = check_line(options.run, LEARNT, hashed=True)
    if not read_gate(options.run)["passed"]:
        raise UserError(
            f"--from {options.run} did not pass the memorization gate, so there is nothing to tune unlearning on"
        )
    if record["data"]["manifest_sha256"] != file_hash(build.path / "manifest.json"):
        raise UserError(f"--from {options.run} was trained on other data than {build.path}: give the build of the run")
    return run_options


def _tune(
    options: TuneOptions, build: Build, run_options: RunOptions | None, folder: Path, repair: bool
) -> tuple[dict, str]:
    run = _initial_run(options, build, run_options, folder, repair)
    start = starts(options.method, run.preset)
    if not start:
        raise UserError(f"{options.method} has no setting to search: give it a learning rate or `searched` fields")
    identity = {
        "method": options.method,
        "utility": options.utility,
        "seed": options.seed,
        "ranges": {name: [value / SPAN, value * SPAN] for name, value in start.items()},
        "preset": run.preset.name,
        "settings": dict(run.options.settings),
        "retain": run.options.retain,
        "data": file_hash(build.path / "manifest.json"),
        "learnt": weights_hash(run.folder, LEARNT),
        "versions": {name: version for name, version in library_versions().items() if name in DECISIVE},
    }
    _record(folder, identity)
    rows = validation(run, options.seed)
    measure, floor = measure_of(run, rows)
    trials = search(
        start,
        _trial(run, options, rows, measure),
        budget=options.budget,
        utility=options.utility,
        seed=options.seed,
        done=read_trials(folder / TRIALS),
        keep=lambda trials: write_trials(folder / TRIALS, trials),
    )
    chosen = best(trials, options.utility)
    tuned = {
        "method": options.method,
        "settings": dict(chosen.settings),
        "trial": chosen.number,
        "forget": chosen.forget,
        "utility_relative": chosen.utility,
        "utility_reached": chosen.utility is not None and chosen.utility >= options.utility,
        "of_the_preset": asdict(trials[0]),
        "trials": len(trials),
        "failed": sum(trial.state != "complete" for trial in trials),
        "guessed": floor,
        "rows": rows.sizes(),
        "search": identity,
    }
    write_json(folder / TUNED, tuned)
    return tuned, _text(tuned, folder)


def _initial_run(
    options: TuneOptions, build: Build, run_options: RunOptions | None, folder: Path, repair: bool
) -> "Run":
    """Return the run to start from; without one stage 1 is run in the folder of the tuning."""
    from lethebench.runs.continual import start
    from lethebench.runs.stage import Run

    console = Console(phases=options.budget + (1 if run_options else 4))
    if run_options is not None and options.run is not None:
        return Run(build, run_options, options.run, console)
    out = folder / "run"
    out.mkdir(exist_ok=True)
    run = start(build, options.stage_one(out), console, resume=True, repair=repair)
    run.learn()
    return run


def _record(folder: Path, identity: dict[str, Any]) -> None:
    """Write search.json, or raise if the folder holds another search."""
    if (folder / SEARCH).exists():
        recorded = read_record(folder / SEARCH, Record, cure="pass another folder with --out")
        for key, value in identity.items():
            if recorded.get(key) != value:
                raise UserError(
                    f"{folder} was tuned with {key}={recorded.get(key)}, got {key}={value}: pass another folder with "
                    "--out"
                )
    write_json(folder / SEARCH, identity)


def _trial(
    run: "Run", options: TuneOptions, rows: Validation, measure: Measure
) -> Callable[[int, Settings], tuple[float, float]]:
    """A function that runs one stage from the initial model and scores it; only its figures are kept."""
    from lethebench.baselines.stage import Stage
    from lethebench.runs.settings import apply_settings
    from lethebench.runs.stage import stage_seed
    from lethebench.runs.training import Ticks, unlearn_task
    from lethebench.scoring.models import score

    scored = concatenate_datasets([rows.asked, rows.kept])

    def trial(number: int, settings: Settings) -> tuple[float, float]:
        values = ", ".join(f"{name} {value:.3g}" for name, value in settings.items())
        with run.console.phase(f"trial {number + 1} of {options.budget}: {values}") as tick:
            stage = Stage(
                options.method,
                str(run.learnt),
                run.encoder.processor,
                rows.forget,
                rows.retain,
                apply_settings(run.preset, {options.method: dict(settings)}),
                seed=stage_seed(options.seed, options.method, 1),
                encoder=run.encoder,
                callbacks=[Ticks(tick)],
            )
            _, loaded = unlearn_task(stage)
            return measure(score(loaded, scored, progress=lambda share: tick(round(1000 * share), 1000)))

    return trial


def _text(tuned: dict[str, Any], folder: Path) -> str:
    settings = ", ".join(f"{name} {value:.3g}" for name, value in tuned["settings"].items())
    required = tuned["search"]["utility"]
    first = tuned["of_the_preset"]
    preset = "failed" if first["forget"] is None else f"forget {first['forget']:.3f}, utility {first['utility']:.3f}"
    lines = [
        f"{tuned['method']}: {settings}",
        f"forget {tuned['forget']:.3f} at {tuned['utility_relative']:.3f} of the initial model's utility",
        f"the preset's own settings: {preset}",
        f"{tuned['trials']} trials, {tuned['failed']} failed: {folder / TRIALS}",
        f"to use it: lethe run ... --method {tuned['method']} --settings {folder / TUNED}",
    ]
    if not tuned["utility_reached"]:
        lines.insert(2, f"no trial kept the required {required} of utility; this is the nearest: try a larger budget")
    return "\n".join(lines)
