"""The search behind `lethe tune`: which settings of a method, in what ranges, and how a trial is judged."""

import csv
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from lethebench.baselines.presets import Preset
from lethebench.baselines.registry import method_entry
from lethebench.errors import UserError

SPAN = 10.0  # how far the search goes from the preset's value, as a factor, to both sides
STARTUP = 5  # trials before the sampler begins to learn from them
FAILED = -1.0  # below every trial that finished
COLUMNS = ("forget", "utility", "seconds", "state", "reason")

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One stage with one choice of settings.

    Attributes:
        number: 0, 1, ...; trial 0 has the preset's own settings.
        settings: fields of the method's config.
        forget: forget score on the validation request, 0..1, higher is better; None where the trial failed.
        utility: utility relative to the learnt model, >= 0; None where the trial failed.
        seconds: how long it took.
        state: `complete` or `failed`.
        reason: why it failed.
    """

    number: int
    settings: Settings
    forget: float | None
    utility: float | None
    seconds: float
    state: str = "complete"
    reason: str = ""

    def value(self, utility: float) -> float:
        """Forget where `utility` is reached; else the shortfall below it, negative, so that no such trial is chosen."""
        if self.state != "complete":
            return FAILED
        return self.forget if self.utility >= utility else self.utility - utility


def starts(method: str, preset: Preset) -> dict[str, float]:
    """Return the preset's value of each field that is searched, on a log scale around it: learning rate, coefficients.

    A coefficient without a value to start from is not searched.
    """
    entry = method_entry(method)
    defaults = {item.name: item.default for item in fields(entry.load().config_class)}
    values = {**defaults, **preset.method_arguments(method)}
    names = [name for name in entry.searched if name != "retain_weight" or values.get("retain_loss") != "none"]
    names = ["learning_rate", *names] if entry.trains else names
    return {name: float(values[name]) for name in names if values.get(name)}


def search(
    start: Settings,
    evaluate: Callable[[int, Settings], tuple[float, float]],
    *,
    budget: int,
    utility: float,
    seed: int,
    done: Sequence[Trial] = (),
    keep: Callable[[Sequence[Trial]], None] = lambda trials: None,
) -> list[Trial]:
    """Tries `budget` settings by Optuna's TPE, the first one `start` itself.

    What is tried next depends on the seed and on the trials before alone, so a search that goes on from `done` takes
    the steps of one that never stopped.

    Args:
        start: name -> where its range has its middle, > 0.
        evaluate: (number, settings) -> (forget, relative utility); what it cannot measure it says by a
            FloatingPointError or a ValueError, which is kept as the trial's reason.
        budget: how many trials in all, those of `done` and failed ones among them.
        utility: the relative utility that is asked.
        seed: of the sampler.
        done: the trials of a search that was stopped.
        keep: called with all trials after each one.

    Raises:
        UserError: what `evaluate` raises so: no settings would help.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {
        name: optuna.distributions.FloatDistribution(middle / SPAN, middle * SPAN, log=True)
        for name, middle in start.items()
    }
    study = optuna.create_study(direction="maximize")
    trials = list(done)
    for trial in trials:
        known = {"params": dict(trial.settings), "distributions": space, "value": trial.value(utility)}
        study.add_trial(optuna.trial.create_trial(**known))
    for number in range(len(trials), budget):
        study.sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=seed + number)
        if number == 0:
            study.enqueue_trial(dict(start))
        asked = study.ask(space)
        trials.append(_tried(number, asked.params, evaluate))
        study.tell(asked, trials[-1].value(utility))
        keep(trials)
    return trials


def _tried(number: int, settings: Settings, evaluate: Callable) -> Trial:
    begun = time.monotonic()
    forget, reached, state, reason = None, None, "complete", ""
    try:
        found = evaluate(number, settings)
        if not all(map(math.isfinite, found)):
            raise ValueError(f"forget and utility came out as {found[0]} and {found[1]}")
        forget, reached = found
    except UserError:
        raise
    except (FloatingPointError, ValueError) as error:
        state, reason = "failed", " ".join(str(error).split())
    return Trial(number, settings, forget, reached, round(time.monotonic() - begun, 2), state, reason)


def best(trials: Sequence[Trial], utility: float) -> Trial:
    """The trial that is chosen: by its value, and by utility among equals.

    Raises:
        UserError: every trial failed.
    """
    complete = [trial for trial in trials if trial.state == "complete"]
    if not complete:
        raise UserError(f"all {len(trials)} trials failed, the first so: {trials[0].reason}")
    return max(complete, key=lambda trial: (trial.value(utility), trial.utility))


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Writes the table in one step: number, one column per setting, and `COLUMNS`; empty cells where a trial failed."""
    temporary = path.with_name(f".{path.name}.partial")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", *trials[0].settings, *COLUMNS])
        for trial in trials:
            cells = [getattr(trial, name) for name in COLUMNS]
            writer.writerow([trial.number, *trial.settings.values(), *cells])
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_trials(path: Path) -> list[Trial]:
    """The trials of a table that `write_trials` wrote; none where there is no table."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [_trial(row) for row in csv.DictReader(file)]


def _trial(row: dict[str, str]) -> Trial:
    settings = {name: float(cell) for name, cell in row.items() if name not in ("number", *COLUMNS)}
    forget, utility = (float(row[name]) if row[name] else None for name in ("forget", "utility"))
    return Trial(int(row["number"]), settings, forget, utility, float(row["seconds"]), row["state"], row["reason"])
