"""Every score of a continual unlearning run from the rows of its stages, against gold models of one or more seeds."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lethebench.evaluation.metrics.indistinguishable import ATTACKERS
from lethebench.evaluation.metrics.keep import SMALLEST
from lethebench.evaluation.metrics.over_profiles import (
    interval,
    profile_mean,
    ratio,
    relative,
    resampled,
)
from lethebench.evaluation.metrics.sampling import StageSample, filled, sampled_stages, stage_sample
from lethebench.evaluation.metrics.score import PARTS, unlearning_score
from lethebench.evaluation.metrics.stage_scores import lowest_of, mean_of_stages, scores_of_stages
from lethebench.evaluation.metrics.stage_values import MODALITIES, Stage, StageValues, fluency, stage_values
from lethebench.evaluation.metrics.tables import ModelRows, Table, units
from lethebench.evaluation.metrics.unmeasured import NO_GOLD, unmeasured

FLUENT = 0.9  # below this share of the initial model's fluency is lost
COLLAPSED = 0.5  # keep below this
UNDEFINED = "not defined for this run"
MEANS = ("forget", "indistinguishable", "keep", "fluent")


@dataclass(frozen=True)
class Run:
    """A method's run.

    Attributes:
        stages: rows of the initial model and after each request.
        gold: stage -> rows of the gold models retrained without the tasks asked up to it, one per seed.
        order: task ids in the order in which they are asked to be forgotten.
        sampled: stages that hold a sample of the rows, or rank a sample of them; never the first or the last.
    """

    stages: Sequence[ModelRows]
    gold: Mapping[int, Sequence[ModelRows]]
    order: Sequence[int]
    sampled: Collection[int] = ()


def run_scores(run: Run, *, seed: int = 0) -> dict:
    """Return every part of the score, by stage and over the run, with intervals, reasons and flags.

    A part of a stage is taken over profiles, as a share of what gold models of other seeds reach where there are
    several, at most 1; `forget` is the lower one of pictures and text, `indistinguishable` the lowest of three
    attackers, `keep` the lowest of retained profiles, neighbours and general tasks.

    Args:
        run: rows with the columns of `evaluation.answers.row_scores`.
        seed: of the bootstrap over profiles.

    Returns:
        forget, indistinguishable, keep: means over stages, in [0, 1], higher is better; None where not measured.
        forget_worst: mean over the worst tenth of the profiles, at least one, of each one's lowest value over the
            stages.
        keep_worst: the lowest value of a group at a stage; groups are the tasks that are not yet asked, the retained
            profiles, neighbors and general tasks, since a profile has too few held-out rows for a value of its own.
        fluent: share of answers on kept rows that are language, relative to the initial model, mean over stages.
        score: `unlearning_score` of the parts; score_last: of the last stage alone.
        series: `forget`, `indistinguishable`, `keep`, `fluent` by stage, from 1.
        parts: the lines of which the lowest is taken, means over stages: forget_pictures, attacker_top, ...
        worst_profile: `forget` and `keep` -> [profile, its lowest value].
        worst_relapse: the largest knowledge above gold of a profile at a stage after its own, in [0, 1].
        sampling: part -> stage -> 95 % interval in which its value over all rows lies, for stages scored on a sample.
        intervals: name -> bootstrap 95 % interval over profiles; the worst ones are not resampled and have none.
        gold_spread: name -> range over the gold models of all stages, each scored as a method against those of other
            seeds and divided by what those reach; empty with one seed. A smaller gap between two methods is none.
        gold_seeds: number of gold models of the last stage.
        assumes: sentences about gold models that stand for others, and profiles that are left out for a gold model.
        reasons: part -> why it is None.
        flags: among collapsed, fluency_lost, over_unlearned, one_gold_seed, not_measured, no_gold.
    """
    reasons = unmeasured(run.stages, run.gold, run.order, run.sampled)
    if NO_GOLD in reasons.values():
        return nothing(reasons) | {"flags": ["no_gold", "not_measured"]}
    scorer = _Scorer(run, seed)
    own = scorer.scores([scorer.table(rows) for rows in run.stages[1:]])
    reasons |= {name: UNDEFINED for name in PARTS if name not in reasons and np.isnan(own[name][0])}
    reasons |= _unreached(scorer, own, reasons)
    lines = own["indistinguishable_lines"]
    if "indistinguishable" not in reasons and not {ATTACKERS.index("top"), ATTACKERS.index("distribution")} <= set(
        lines
    ):
        reasons["indistinguishable"] = "the initial model gives away no more of the asked facts than gold"
    for name in (*PARTS, "fluent"):
        if name in reasons:
            own[name] = np.full_like(own[name], np.nan)
    return _summary(scorer, own, reasons)


def nothing(reasons: Mapping[str, str]) -> dict:
    """Return the result of `run_scores` where no part can be measured."""
    empty: dict[str, Any] = dict.fromkeys((*PARTS, "fluent", "score", "score_last", "stability", "worst_relapse"))
    empty |= {"series": {}, "parts": {}, "worst_profile": {}, "intervals": {}, "gold_spread": {}, "gold_seeds": 0}
    empty["sampling"] = {}
    return empty | {"assumes": [], "reasons": dict(reasons), "flags": ["not_measured"]}


class _Scorer:
    """Scores models of one run against its initial and gold models."""

    def __init__(self, run: Run, seed: int) -> None:
        self.run = run
        self.units = units(run.stages)
        self.tables: dict[int, Table] = {}
        self.gold_stage = {
            stage: min(other for other in run.gold if other >= stage) for stage in range(1, len(run.stages))
        }
        initial = self.table(run.stages[0])
        ever_asked = np.bincount(initial.profile, initial.role == "forget", minlength=len(self.units)) > 0
        self.weights = resampled(ever_asked.astype(int), seed=seed)
        self.seeds = min(len(models) for models in run.gold.values())
        self.samples: dict[int, StageSample] = {}
        for number in sorted(run.sampled):
            own, earlier = run.order[number - 1], run.order[: number - 1]
            self.samples[number] = stage_sample(initial, self.table(run.stages[number], sampled=True), own, earlier)
        self.references = [self._gold_values(number) for number in range(self.seeds)] if self.seeds > 1 else []

    def table(self, rows: ModelRows, *, sampled: bool = False) -> Table:
        """Return the table of a model's rows, made once; of a sample with rows without values for the others."""
        if id(rows) not in self.tables:
            initial = self.run.stages[0]
            width = None if rows is initial else self.table(initial).distribution.shape[1]
            self.tables[id(rows)] = Table(filled(rows, initial) if sampled else rows, self.units, width)
        return self.tables[id(rows)]

    def drawn(self, values: StageValues, number: int) -> StageValues:
        """Return the values of a stage without those that its sample cannot have."""
        sample = self.samples.get(number)
        if sample is None:
            return values
        parts = {
            name: np.where(sample.of(name).included, getattr(values, name), np.nan)
            for name in ("forget", "indistinguishable", "keep")
        }
        groups = np.where(sample.partial_groups, np.nan, values.keep_groups)
        return dataclasses.replace(values, **parts, keep_groups=groups)

    def weights_of(self, number: int, part: str) -> np.ndarray:
        """Return the resamples of a stage, in which each drawn profile stands for some of its kind."""
        sample = self.samples.get(number)
        return self.weights if sample is None else self.weights * sample.of(part).weights

    def stage(self, number: int, without: int | None = None) -> Stage:
        """Return what a model is compared with at a stage; `without` leaves out one gold seed."""
        gold_stage = self.gold_stage[number]
        gold = [self.table(rows) for index, rows in enumerate(self.run.gold[gold_stage]) if index != without]
        all_gold = [self.table(rows) for rows in self.run.gold[gold_stage]]
        order = self.run.order
        initial = self.table(self.run.stages[0])
        asked, unseen = frozenset(order[:number]), frozenset(order[:gold_stage])
        return Stage(initial, gold, all_gold, asked, unseen, scores_gold=without is not None)

    def _gold_values(self, number: int) -> list[StageValues]:
        """Return the values of the gold models of one seed against those of the others."""
        return [
            stage_values(self.table(self.run.gold[gold][number]), self.stage(stage, without=number))
            for stage, gold in self.gold_stage.items()
        ]

    def scores(self, models: Sequence[Table]) -> dict[str, Any]:
        """Return every score of a method's models, each for all resamples."""
        values = [
            self.drawn(stage_values(model, self.stage(number)), number) for number, model in enumerate(models, start=1)
        ]
        references = [
            [self.drawn(stage, number) for number, stage in enumerate(gold, start=1)] for gold in self.references
        ]
        scores = scores_of_stages(values, references, self.weights, self.weights_of)
        initial = self.table(self.run.stages[0])
        shares, sampling = [], self._sampling(values, references)
        for number, model in enumerate(models, start=1):
            now, before = (fluency(table, self.run.order[:number]) for table in (model, initial))
            shares.append(ratio(profile_mean, now, [before], self.weights_of(number, "fluent")))
            if sample := self.samples.get(number):
                before = np.where(np.isnan(now), np.nan, before)

                def share(weights: np.ndarray, now: np.ndarray = now, before: np.ndarray = before) -> np.ndarray:
                    return np.minimum(1.0, ratio(profile_mean, now, [before], weights))

                sampling["fluent"][number] = sample.scored.interval(share, now[None])
        stages = np.minimum(1.0, shares)
        sampling = {name: {n: one for n, one in by_stage.items() if one} for name, by_stage in sampling.items()}
        sampling = {name: by_stage for name, by_stage in sampling.items() if by_stage}
        return scores | {
            "fluent_stages": stages,
            "fluent": mean_of_stages(stages),
            "values": values,
            "sampling": sampling,
        }

    def _sampling(
        self, values: Sequence[StageValues], references: Sequence[Sequence[StageValues]]
    ) -> dict[str, dict[int, list[float] | None]]:
        """Return part -> sampled stage -> `Drawn.interval` of the lowest of its lines; "fluent" is empty."""
        intervals: dict[str, dict[int, list[float] | None]] = {name: {} for name in MEANS}
        for number, sample in self.samples.items():
            for name in ("forget", "indistinguishable", "keep"):
                lines = getattr(values[number - 1], name)
                gold = [getattr(model[number - 1], name) for model in references]

                def lowest(weights: np.ndarray, lines: np.ndarray = lines, gold: list = gold) -> np.ndarray:
                    means = [
                        relative(profile_mean, line, [other[index] for other in gold], weights)
                        for index, line in enumerate(lines)
                    ]
                    return lowest_of(np.array(means))

                intervals[name][number] = sample.of(name).interval(lowest, lines)
        return intervals

    def initial_fluency(self) -> list[float]:
        """Return the initial model's share of fluent answers on the kept rows of each stage."""
        initial, once = self.table(self.run.stages[0]), self.weights[:1]
        order = self.run.order
        return [profile_mean(fluency(initial, order[:stage]), once)[0] for stage in self.gold_stage]

    def spread(self) -> dict[str, float]:
        """Return the range of each part and of the score over gold models, each scored at its stage as a method."""
        once = self.weights[:1]
        scores = [
            scores_of_stages([values[stage]], [[other[stage]] for other in others], once, limit=np.inf)
            for number, values in enumerate(self.references)
            for others in [[*self.references[:number], *self.references[number + 1 :]]]
            for stage in range(len(values))
        ]
        ranges = {name: [score[name][0] for score in scores] for name in PARTS}
        means = [unlearning_score(*(_number(score[name][0]) for name in PARTS)) for score in scores]
        ranges["score"] = [np.nan if value is None else value for value in means]
        return {name: float(np.ptp(values)) for name, values in ranges.items() if not np.isnan(values).any()}


def _unreached(scorer: _Scorer, own: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, str]:
    """Return part -> reason where too few profiles enter, or where gold models or the initial model reach 0."""
    missing = {}
    values: list[StageValues] = own["values"]
    for number, stage in enumerate(values, start=1):
        if (~np.isnan(stage.keep[0])).sum() < 2 and "keep" not in missing:
            lost = np.flatnonzero(stage.lost_by_gold)
            missing["keep"] = (
                f"stage {number}: fewer than two retained profiles have a utility of {SMALLEST} to keep"
                + (f"; a gold model keeps nothing of profile {scorer.units[lost[0]]}" if len(lost) else "")
            )
    if own["keep_unreached"]:
        missing.setdefault("keep", "gold models keep nothing of what other gold models keep")
    if np.isnan(own["keep_worst"][0]):
        missing["keep_worst"] = "gold models know no retained task or set better than tasks that they never saw"
    if own["forget_unreached"]:
        missing["forget"] = "gold models know the asked facts as well as the initial model"
    if own["indistinguishable_unreached"]:
        missing["indistinguishable"] = "gold models are as far from one another as the initial model"
    if any(share == 0 for share in scorer.initial_fluency()):
        missing["fluent"] = "no answer of the initial model on kept rows is language"
    missing |= {f"{name}_worst": missing[name] for name in ("forget", "keep") if name in missing}
    return {name: reason for name, reason in missing.items() if name not in reasons or reasons[name] == UNDEFINED}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _summary(scorer: _Scorer, own: dict[str, Any], reasons: dict[str, str]) -> dict:
    """Return the numbers of a run, from scores that hold the sample first and then the resamples."""
    count = len(scorer.weights)
    last = {name: own[f"{name}_stages"][-1] for name in ("forget", "indistinguishable", "keep")}
    last |= {name: own[f"{name}_last"] for name in ("forget_worst", "keep_worst")}
    missing = np.full(count, np.nan)
    last = {name: missing if name in reasons else values for name, values in last.items()}
    draws = {
        name: np.array([_score(parts, fluency, line) for line in range(count)])
        for name, parts, fluency in (("score", own, own["fluent"]), ("score_last", last, own["fluent_stages"][-1]))
    }
    draws |= {name: own[name] for name in PARTS} | {"fluent": own["fluent"]}
    series = {
        name: [None if name in reasons else _number(stage[0]) for stage in own[f"{name}_stages"]] for name in MEANS
    }
    values: list[StageValues] = own["values"]
    flags = ["one_gold_seed"] if scorer.seeds == 1 else []
    flags += ["collapsed"] if (series["keep"][-1] or 1.0) < COLLAPSED or series["keep"][-1] == 0 else []
    flags += ["fluency_lost"] if (series["fluent"][-1] if series["fluent"][-1] is not None else 1.0) < FLUENT else []
    flags += ["not_measured"] if reasons else []
    return {
        **{name: _number(draw[0]) for name, draw in draws.items()},
        "series": series,
        "parts": _lines(own),
        "worst_profile": {
            name: _worst_profile(np.array([getattr(stage, name) for stage in values]), scorer.units)
            for name in ("forget", "keep")
            if name not in reasons
        },
        "worst_relapse": _worst_relapse(values, scorer),
        "sampling": own["sampling"],
        "intervals": {name: interval(draw[1:]) for name, draw in draws.items() if not name.endswith("_worst")},
        "gold_spread": scorer.spread() if scorer.seeds > 1 else {},
        "gold_seeds": scorer.seeds,
        "assumes": sampled_stages(scorer.samples, own["sampling"])
        + [
            f"stage {stage}: the gold model of stage {gold} stands for its own, which the run does not have"
            for stage, gold in scorer.gold_stage.items()
            if gold != stage
        ]
        + _left_out(values, scorer.units),
        "reasons": reasons,
        "flags": flags,
    }


def _score(parts: Mapping[str, np.ndarray], fluent: np.ndarray, line: int) -> float:
    values = [_number(parts[name][line]) for name in PARTS]
    score = unlearning_score(*values, fluent=_number(fluent[line]))
    return np.nan if score is None else score


def _lines(own: Mapping[str, Any]) -> dict[str, float | None]:
    names = {
        "forget": [f"forget_{name}" for name in MODALITIES],
        "indistinguishable": [f"attacker_{name}" for name in ATTACKERS],
        "keep": ["keep_retained", "keep_neighbour", "keep_general"],
    }
    return {
        names[part][line]: _number(mean_of_stages(values[:, :1])[0])
        for part in names
        for line, values in own[f"{part}_lines"].items()
    }


def _left_out(values: Sequence[StageValues], profiles: Sequence[Any]) -> list[str]:
    """Return a sentence on the profiles that are no evidence at some stage, because a gold model does not keep them."""
    lost = np.flatnonzero(np.any([stage.lost_by_gold for stage in values], axis=0))
    if not len(lost):
        return []
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return [f"keep is without profile {profiles[lost[0]]}{more}, of which a gold model keeps nothing"]


def _worst_profile(values: np.ndarray, profiles: Sequence[Any]) -> list:
    lowest = lowest_of(lowest_of(values))
    index = int(np.nanargmin(lowest)) if not np.isnan(lowest).all() else None
    return [None, None] if index is None else [profiles[index], float(lowest[index])]


def _worst_relapse(values: Sequence[StageValues], scorer: _Scorer) -> float | None:
    """Return the largest knowledge above gold of a profile at a stage after its own; None with one stage."""
    initial = scorer.table(scorer.run.stages[0])
    relapses = []
    for number, stage in enumerate(values, start=1):
        earlier = np.isin(initial.task, list(scorer.run.order[: number - 1]))
        profiles = np.unique(initial.profile[earlier])
        relapses += [float(value) for value in stage.relapse[profiles] if not np.isnan(value)]
    return max(relapses, default=None)
