"""Results of attacks: one folder per attack and model, and what they say about the models of a run."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lethebench.attacks.models import Target, model_hash
from lethebench.attacks.records import AGAIN, FOLDER, worst_of
from lethebench.attacks.registry import ATTACKS, attack_entry
from lethebench.cli.output import text_table
from lethebench.contract.defaults import NO_ATTACK
from lethebench.contract.errors import border
from lethebench.contract.folder_kinds import EVALUATION
from lethebench.errors import UserError
from lethebench.evaluation.metrics.bootstrap import bootstrap_mean
from lethebench.evaluation.metrics.forget import MARGIN
from lethebench.evaluation.metrics.recovery import recovered, robustness_summary
from lethebench.runs.folder import is_done, new_stage, read_json, write_json
from lethebench.runs.proof import LEARNT, gold_names
from lethebench.runs.summary import ROWS, read_rows

if TYPE_CHECKING:
    from lethebench.attacks.context import Attempt

RESULT = "result.json"
KEY = "key"
CLAIM = "not recovered by the attacks listed, within the budget stated"
"""The most that a run may claim about a method."""


class Series(NamedTuple):
    """One value per row: a variant of an attack, at a point of its curve where it has one."""

    attack: str
    variant: str
    point: float | None

    @property
    def name(self) -> str:
        """Its name in tables, `relearn: retain, 10`; that of the attack for an attack with one variant."""
        point = None if self.point is None else f"{self.point:g}"
        parts = ", ".join(part for part in (self.variant, point) if part)
        return f"{self.attack}: {parts}" if parts else self.attack


Values = dict[Series, dict[str, float]]
"""Series -> row id -> knowledge."""


def write_result(folder: Path, key: Mapping[str, Any], attempts: Sequence["Attempt"], seconds: float) -> None:
    """Write the rows and the means of an attack on a model, whole or not at all.

    Raises:
        UserError: The attack gave no row, a row without an id, or a value outside 0..1.
    """
    rows = [row for attempt in attempts for row in _rows_of(attempt, key["attack"])]
    if not rows:
        raise UserError(f"attack {key['attack']} gave no row: its run(loaded, rows, context) has to yield Attempt")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with new_stage(folder, {"seconds": round(seconds, 3)}, EVALUATION) as new:
        with border(f"attack {key['attack']}: its rows cannot be written", "give each column values of one type"):
            table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])
        pq.write_table(table, new / ROWS)
        intervals = {(attempt.variant, attempt.point): attempt.interval for attempt in attempts}
        means = [
            {
                **series._asdict(),
                "knowledge": fmean(values.values()),
                "interval": intervals[series.variant, series.point],
                "rows": len(values),
            }
            for series, values in _by_series(rows, key["attack"]).items()
        ]
        write_json(new / RESULT, {KEY: key, "variants": means, "seconds": round(seconds, 3)})


def take_over(other: Path, folder: Path) -> None:
    """Copy a finished result of another run."""
    with new_stage(folder, {**read_json(other / "done.json"), "taken_from": str(other)}, EVALUATION) as new:
        for name in (ROWS, RESULT):
            shutil.copyfile(other / name, new / name)


def is_finished(folder: Path, key: Mapping[str, Any]) -> bool:
    """Return whether a folder holds the result with this key."""
    return is_done(folder) and (folder / RESULT).is_file() and read_json(folder / RESULT).get(KEY) == key


def _rows_of(attempt: "Attempt", attack: str) -> Iterable[dict[str, Any]]:
    for row in attempt.rows:
        knowledge = row.get("knowledge", row.get("keyword_match"))
        if "id" not in row or not isinstance(knowledge, int | float) or not 0 <= knowledge <= 1:
            raise UserError(f"attack {attack}: a row has id {row.get('id')!r} and knowledge {knowledge!r}: give 0 to 1")
        kept = {name: value for name, value in row.items() if name != "images"}
        yield {**kept, "knowledge": float(knowledge), "variant": attempt.variant, "point": attempt.point}


def _by_series(rows: Iterable[Mapping[str, Any]], attack: str) -> Values:
    values: Values = {}
    for row in rows:
        values.setdefault(Series(attack, row["variant"], row["point"]), {})[row["id"]] = row["knowledge"]
    return values


class Results:
    """The finished results of the models of one stage.

    Args:
        run: The run folder.
        record: run.json.
        stage: From 1.
        targets: The models.

    Attributes:
        values: Model -> its values; results of other weights, rows, budgets or seeds than those of the unattacked ones
            of the model are left out.
        intervals: Model -> the intervals that an attack gave for its measures.
        profiles: Row id -> profile.
        keys: Model -> the key of its unattacked result.
    """

    def __init__(self, run: Path, record: Mapping[str, Any], stage: int, targets: Sequence[Target]) -> None:
        self.golds = [target.name for target in targets if target.name in gold_names(record)]
        self.values: dict[str, Values] = {}
        self.intervals: dict[str, dict[Series, Sequence[float | None]]] = {}
        self.profiles: dict[str, str] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        folders = {path.name: path for path in (run / FOLDER).glob("*") if path.is_dir() and path.name[0] != "."}
        order = [*(name for name in ATTACKS if name in folders), *sorted(folders.keys() - ATTACKS.keys())]
        for target in targets:
            base = folders.get(NO_ATTACK, run) / target.results
            if not is_done(base) or _key(base)["model_sha256"] != model_hash(run, target.folder):
                continue
            self.keys[target.name] = key = _key(base)
            self.profiles |= {row["id"]: row["profile_id"] for row in read_rows(base)}
            values: Values = {}
            self.intervals[target.name] = {}
            for name in order:
                folder = folders[name] / target.results
                if is_done(folder) and _same(_key(folder), key):
                    values |= _by_series(read_rows(folder), name)
                    self.intervals[target.name] |= _intervals(folder)
            self.values[target.name] = values

    def others(self, name: str) -> list[str]:
        """Return the gold models that a model is compared with: all but itself."""
        return [gold for gold in self.golds if gold != name and gold in self.values]


def _intervals(folder: Path) -> dict[Series, Sequence[float | None]]:
    """Return the intervals that an attack gave for its measures."""
    result = read_json(folder / RESULT)
    return {
        Series(result[KEY]["attack"], one["variant"], one["point"]): one["interval"]
        for one in result["variants"]
        if one.get("interval")
    }


def _key(folder: Path) -> dict[str, Any]:
    with border(f"{folder / RESULT} cannot be read", AGAIN):
        key = read_json(folder / RESULT)[KEY]
        return {name: key[name] for name in ("model_sha256", "rows_sha256", "budget", "seed", "stage")}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("model_sha256", "rows_sha256", "budget", "seed", "stage"))


def summarize(run: Path, record: Mapping[str, Any], stage: int, targets: Sequence[Target]) -> dict[str, Any]:
    """Return what the attacks recover from each model of a stage.

    Returns:
        `series`: every variant with its attack and point; `models`: name -> `robustness_summary`, the mean `knowledge`
        by series, and `model_sha256`; `gold_spread`: the largest worst case of a gold model against the others, None
        with one; `measures`: model -> series -> value, interval, gold's, the initial model's and the share of their
        range (None where that is below 0.05), of attacks that recover no knowledge.
    """
    results = Results(run, record, stage, targets)
    models, measures = {}, {}
    for name, values in results.values.items():
        golds = results.others(name)
        if not golds:
            continue
        models[name] = _robustness(results, name, golds) | {
            "knowledge": {series.name: fmean(rows.values()) for series, rows in values.items()},
            "model_sha256": results.keys[name]["model_sha256"],
        }
        measures[name] = _measures(results, name, golds)
    worst = [models[gold]["worst_case_recovery"] for gold in results.golds if gold in models]
    series = list(dict.fromkeys(one for values in results.values.values() for one in values))
    return {
        "rows": len(results.profiles),
        "profiles": len(set(results.profiles.values())),
        "golds": [gold for gold in results.golds if gold in results.values],
        "series": [{"name": one.name, **one._asdict()} for one in series],
        "models": models,
        "gold_knowledge": {
            one.name: fmean(
                fmean(results.values[gold][one].values()) for gold in results.golds if _has(results, gold, one)
            )
            for one in series
            if any(_has(results, gold, one) for gold in results.golds)
        },
        "gold_spread": max(worst) if worst else None,
        "measures": {name: of_model for name, of_model in measures.items() if of_model},
    }


def _has(results: Results, model: str, series: Series) -> bool:
    return series in results.values.get(model, {})


def _recovers(attack: str) -> bool:
    try:
        return attack_entry(attack).recovers
    except ValueError:  # of a stranger, not installed here
        return True


def _robustness(results: Results, name: str, golds: Sequence[str]) -> dict[str, Any]:
    """Return `robustness_summary` of a model over all attacks that recover knowledge."""
    plain = Series(NO_ATTACK, "", None)
    own, initial = results.values[name], results.values[LEARNT][plain]
    rows: dict[str, Any] = {key: [] for key in ("values", "gold", "initial", "unattacked", "gold_unattacked")}
    attacks, profiles = [], []
    for series, values in own.items():
        if not _recovers(series.attack):
            continue
        for row, value in values.items():
            others = [results.values[gold][series].get(row) for gold in golds if _has(results, gold, series)]
            if row not in results.profiles or not others or None in others:
                continue
            rows["values"].append(value)
            rows["gold"].append(fmean(others))  # type: ignore[arg-type]
            rows["initial"].append(initial[row])
            rows["unattacked"].append(own[plain][row])
            rows["gold_unattacked"].append(fmean(results.values[gold][plain][row] for gold in golds))
            attacks.append(series.name)
            profiles.append(results.profiles[row])
    try:
        return robustness_summary(rows.pop("values"), rows.pop("gold"), **rows, attacks=attacks, profile_ids=profiles)
    except ValueError as error:
        raise UserError(f"recovery cannot be measured: {error}") from error


def _measures(results: Results, name: str, golds: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Return series -> value of a model and its interval, gold's, the initial model's, and the share of their range."""
    measures: dict[str, dict[str, float | None]] = {}
    for series, values in results.values[name].items():
        if _recovers(series.attack) or not all(_has(results, model, series) for model in (*golds, LEARNT)):
            continue
        value = fmean(values.values())
        gold = [fmean(results.values[other][series].values()) for other in golds]
        initial = fmean(results.values[LEARNT][series].values())
        share = recovered(value, gold, initial, gold) if abs(initial - fmean(gold)) >= MARGIN else None
        low, high = results.intervals[name].get(series) or bootstrap_mean(
            list(values.values()), clusters=[results.profiles.get(row, row) for row in values]
        )
        measures[series.name] = {"value": value, "ci_low": low, "ci_high": high}
        measures[series.name] |= {"gold": fmean(gold), "initial": initial, "share": share}
    return measures


def claim(summary: Mapping[str, Any], name: str, budget: str) -> str:
    """Return in fixed words what a run may say about a method.

    Args:
        summary: Of a stage, from `summarize`.
        name: The method.
        budget: The name of the budget.
    """
    model, spread = summary["models"][name], summary["gold_spread"]
    worst, attack = model["worst_case_recovery"], model["worst_attack"]
    if spread is None:
        return f"{name}: worst case {worst:.3f} ({attack}); one gold model, so no claim: pass --gold-seeds 3"
    if worst <= spread:
        return f"{name}: {CLAIM} (budget {budget})"
    return f"{name}: recovered by {attack}: {worst:.3f} of what the initial model knows beyond gold (budget {budget})"


def recovery_table(summary: Mapping[str, Any], title: str) -> str:
    """Return as text each model's worst case with the attack that reaches it, and the worst variant of each attack."""
    recovering = [one["attack"] for one in summary["series"] if _recovers(one["attack"])]
    attacks = [attack for attack in dict.fromkeys(recovering) if attack != NO_ATTACK]
    models = summary["models"].items()
    worst = [
        [name, f"{model['worst_case_recovery']:.3f}{_interval(model)}", model["worst_attack"]] for name, model in models
    ]
    lines = [
        [name, model["recovery"][NO_ATTACK], *(worst_of(summary, model, attack) for attack in attacks)]
        for name, model in models
    ]
    header, shown = ["model", "worst case", "by"], ["model", "no attack", *attacks]
    scale = f"recovery {title}: 0 = as gold, 1 = as the initial model"
    return f"{text_table(header, worst, title=scale)}\n\n{text_table(shown, lines, right=shown[1:])}\n"


def measures_table(summary: Mapping[str, Any]) -> str:
    """Return as text what attacks measure that recover no knowledge, without their curves; "" without any."""
    curves = {one["name"] for one in summary["series"] if one["point"] is not None}
    names = {series for of_model in summary["measures"].values() for series in of_model} - curves
    lines: list[list[Any]] = []
    for series in sorted(names):
        lines.append([series, "", "", ""])
        lines += [
            [f"  {model}", f"{one['value']:.3f}{_interval(one)}", one["gold"], one["share"]]
            for model, of_model in summary["measures"].items()
            if (one := of_model.get(series))
        ]
    header = ["measure, model", "value", "gold", "share"]  # the initial model has a row of its own
    return text_table(header, lines, right=header[2:]) if lines else ""


def _interval(entry: Mapping[str, Any]) -> str:
    return "" if entry["ci_low"] is None else f" [{entry['ci_low']:.2f}, {entry['ci_high']:.2f}]"
