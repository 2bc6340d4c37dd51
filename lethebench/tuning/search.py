"""The search of `lethe tune`: which settings of a method, in what ranges, and how a trial is judged."""

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lethebench.baselines.presets import Preset
from lethebench.baselines.registry import method_entry
from lethebench.contract.errors import border
from lethebench.contract.escaping import csv_cell
from lethebench.contract.own_folder import new_file
from lethebench.errors import UserError

SPAN = 10.0
"""The range of the search: the preset's value divided and multiplied by this."""
STARTUP = 5
"""Random trials before the sampler uses earlier ones."""
FAILED = -1.0
"""The value of a failed trial, below that of every other."""
COLUMNS = ("forget", "utility", "seconds", "state", "reason")

Settings = Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One stage with one choice of settings.

    Attributes:
        number: 0, 1, ...; trial 0 has the preset's own settings.
        settings: fields of the method's config.
        forget: forget score on the validation request, 0..1, higher is better; None if the trial failed.
        utility: utility relative to the initial model, >= 0; None if the trial failed.
        seconds: duration.
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
        """Return `forget` if the required utility is reached, else the (negative) shortfall of utility."""
        if self.state != "complete" or self.forget is None or self.utility is None:
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
    """Try `budget` settings by Optuna's TPE, first `start` itself.

    The next settings depend on the seed and the earlier trials alone, so a search resumed from `done` equals one that
    was never interrupted.

    Args:
        start: name -> the middle of its range, > 0.
        evaluate: (number, settings) -> (forget, relative utility). It raises FloatingPointError or ValueError for a
            trial that fails; the message becomes the trial's reason.
        budget: trials in total, including `done` and failed ones.
        utility: the required relative utility.
        seed: of the sampler.
        done: the trials of an interrupted search.
        keep: called with all trials after each one.

    Raises:
        UserError: raised by `evaluate` when no settings would help.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space: dict[str, Any] = {
        name: optuna.distributions.FloatDistribution(middle / SPAN, middle * SPAN, log=True)
        for name, middle in start.items()
    }
    study = optuna.create_study(direction="maximize")
    trials = list(done)
    for trial in trials:
        study.add_trial(
            optuna.trial.create_trial(params=dict(trial.settings), distributions=space, value=trial.value(utility))
        )
    for number in range(len(trials), budget):
        study.sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP, seed=seed + number)
        if number == 0:
            study.enqueue_trial(dict(start))
        suggestion = study.ask(space)
        trials.append(_run_trial(number, suggestion.params, evaluate))
        study.tell(suggestion, trials[-1].value(utility))
        keep(trials)
    return trials


def _run_trial(number: int, settings: Settings, evaluate: Callable[[int, Settings], tuple[float, float]]) -> Trial:
    start = time.monotonic()
    forget, utility, state, reason = None, None, "complete", ""
    try:
        scores = evaluate(number, settings)
        if not all(map(math.isfinite, scores)):
            raise ValueError(f"forget is {scores[0]} and utility {scores[1]}, which are not both finite")
        forget, utility = scores
    except UserError:
        raise
    except (FloatingPointError, ValueError) as error:
        state, reason = "failed", " ".join(str(error).split())
    return Trial(number, settings, forget, utility, round(time.monotonic() - start, 2), state, reason)


def best(trials: Sequence[Trial], utility: float) -> Trial:
    """Return the trial with the highest value, and among equals the highest utility.

    Raises:
        UserError: Every trial failed.
    """
    complete = [trial for trial in trials if trial.state == "complete"]
    if not complete:
        raise UserError(f"all {len(trials)} trials failed; the first: {trials[0].reason}")
    return max(complete, key=lambda trial: (trial.value(utility), trial.utility or 0.0))


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Write the table atomically: number, one column per setting, and `COLUMNS`; empty cells for failed trials."""
    with new_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(csv_cell, ["number", *trials[0].settings, *COLUMNS]))
        for trial in trials:
            cells = [getattr(trial, name) for name in COLUMNS]
            writer.writerow(map(csv_cell, [trial.number, *trial.settings.values(), *cells]))


def read_trials(path: Path) -> list[Trial]:
    """Return the trials of a table that `write_trials` wrote; none if it does not exist."""
    if not path.is_file():
        return []
    with (
        border(f"{path} cannot be read", "pass another folder with --out"),
        path.open(encoding="utf-8", newline="") as file,
    ):
        return [_trial(row) for row in csv.DictReader(file)]


def _trial(row: dict[str, str]) -> Trial:
    settings = {name: float(cell) for name, cell in row.items() if name not in ("number", *COLUMNS)}
    forget, utility = (float(row[name]) if row[name] else None for name in ("forget", "utility"))
    return Trial(int(row["number"]), settings, forget, utility, float(row["seconds"]), row["state"], row["reason"])
