"""Stages that were scored on a sample of whole profiles: what the sample says of all profiles, and how surely.

A profile of a sample has all its rows, so that its own values are exact; means over profiles weigh each stratum by its
profiles, and their intervals shrink as the sample nears all of them (finite population).

Source: Cochran, "Sampling Techniques", 1977, chapter 5; Rao and Wu, "Resampling inference with complex survey data",
1988, for the resamples.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from lethebench.evaluation.metrics.tables import COLUMNS, RETAIN, ModelRows, Table

RESAMPLES = 400
OWN, EARLIER, WAITING, RETAINED = range(4)
NOT_RANKABLE = -1
PSEUDO = 0.25  # weight of the two profiles
FEWEST = 2  # profiles of a stratum that is drawn from, so that it has a spread


@dataclass(frozen=True)
class Drawn:
    """The profiles of a stage that have a value, out of all of each stratum.

    Attributes:
        stratum: shape (profiles,).
        included: shape (profiles,), whether the profile was drawn.
    """

    stratum: np.ndarray
    included: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How many profiles each one stands for, shape (profiles,); 0 where it was not drawn."""
        weights = np.zeros(len(self.stratum))
        for _, members, drawn in self._strata():
            weights[drawn] = members / len(drawn)
        return weights

    @property
    def is_whole(self) -> bool:
        """Whether every profile that could be drawn was."""
        return all(members == len(drawn) for _, members, drawn in self._strata())

    def _strata(self) -> list[tuple[int, int, np.ndarray]]:
        """Return each stratum that was drawn from, its number of profiles, and the drawn ones."""
        strata = []
        for stratum in np.unique(self.stratum):
            member = self.stratum == stratum
            if (drawn := np.flatnonzero(member & self.included)).size:
                strata.append((int(stratum), int(member.sum()), drawn))
        return strata

    def interval(
        self, statistic: Callable[[np.ndarray], np.ndarray], lines: np.ndarray, *, seed: int = 0
    ) -> list[float] | None:
        """Return the 95 % interval in which the value over all profiles lies; None if all were drawn, or without value.

        A sample without a spread does not show that there is none: one more profile at 0 and at 1 count for it.

        Args:
            statistic: weights (resamples, profiles) -> values (resamples,), the first for `weights`, in [0, 1].
            lines: shape (lines, profiles), the values; a profile without any tells nothing.
            seed: of the resamples.
        """
        from scipy.stats import t  # imported late: half a second

        random = np.random.default_rng(seed)
        design = self.weights
        draws = np.ones((RESAMPLES + 1, len(design)))
        known = self.included & ~np.isnan(lines).all(axis=0)
        part = [(members, drawn, known[drawn].sum()) for _, members, drawn in self._strata()]
        total = sum(members * used / len(drawn) for members, drawn, used in part)
        unseen, freedom = 0.0, 0
        for members, drawn, used in part:
            count, left = len(drawn), 1 - len(drawn) / members
            if not left or not used:
                continue
            unseen += (members * used / count / total) ** 2 * left / used**2
            freedom += max(0, int(used) - 1)
            if count >= FEWEST:
                times = random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
                draws[1:, drawn] += np.sqrt(left * count / (count - 1)) * (times - 1)
        values = statistic(draws * design)
        if not unseen or np.isnan(values[0]):
            return None
        value = float(values[0])
        variance = float(np.nanvar(values[1:])) + PSEUDO * unseen * (value**2 + (1 - value) ** 2)
        half = float(t.ppf(0.975, max(1, freedom))) * variance**0.5
        return [max(0.0, value - half), min(1.0, value + half)]


@dataclass(frozen=True)
class StageSample:
    """What one stage was scored on: `scored` profiles for all but exposure, `ranked` ones for it."""

    scored: Drawn
    ranked: Drawn
    partial_groups: np.ndarray
    """Shape (groups,): whether only some profiles of a task were scored, so that the task has no value of its own."""

    def of(self, part: str) -> Drawn:
        """Return the profiles that a part of the score was taken over."""
        return self.ranked if part == "indistinguishable" else self.scored


def filled(model: ModelRows, initial: ModelRows) -> ModelRows:
    """Return a model's rows with rows without any value in place of those that were not scored."""
    empty = {**dict.fromkeys((*COLUMNS, "candidate_logprobs", "generated", "fluency")), "num_candidates": 0}
    parts = []
    for own, every in ((model.rows, initial.rows), (model.held_out, initial.held_out)):
        rows = {row["id"]: row for row in own}
        parts.append([rows.get(row["id"]) or {**row, **empty, "unscored": True} for row in every])
    return ModelRows(*parts)


def stage_sample(initial: Table, model: Table, own: int, earlier: Collection[int]) -> StageSample:
    """Return what a stage was scored on.

    Args:
        initial: the rows of the initial model.
        model: those of the stage, from `filled`.
        own: the task asked at the stage.
        earlier: the tasks asked before.
    """

    def having(table: Table, rows: np.ndarray) -> np.ndarray:
        return np.bincount(table.profile[rows], minlength=table.count) > 0

    scored, ranked, rankable = (
        having(model, model.scored),
        having(model, ~np.isnan(model.columns["rank"])),
        having(initial, ~np.isnan(initial.columns["rank"])),
    )
    group = initial.group
    label = np.where(group >= 0, WAITING, RETAINED + RETAIN - group)
    label[np.isin(group, list(earlier))] = EARLIER
    label[group == own] = OWN
    stratum = np.full(initial.count, label.max())
    np.minimum.at(stratum, initial.profile, label)
    asked = np.where(rankable, stratum > EARLIER, NOT_RANKABLE)
    for thin, wide in ((EARLIER, OWN), (WAITING, RETAINED)):
        members = stratum == thin
        if (members & scored).sum() < min(FEWEST, members.sum()):
            stratum[members] = wide
    partial = [number >= 0 and not scored[initial.profile[group == number]].all() for number in np.unique(group)]
    return StageSample(Drawn(stratum, scored), Drawn(asked, ranked), np.array(partial, dtype=bool))


def sampled_stages(
    samples: Mapping[int, StageSample], intervals: Mapping[str, Mapping[int, list[float] | None]]
) -> list[str]:
    """Return a sentence on the stages that were scored on a sample, and on how wide its intervals are at most."""
    stages = [number for number, sample in samples.items() if not (sample.scored.is_whole and sample.ranked.is_whole)]
    if not stages:
        return []
    fewest = min(int(samples[number].scored.included.sum()) for number in stages)
    every = len(samples[stages[0]].scored.included)
    widths = {
        name: max((high - low for low, high in filter(None, by_stage.values())), default=None)
        for name, by_stage in intervals.items()
    }
    wide = ", ".join(f"{name} {width / 2:.3f}" for name, width in widths.items() if width is not None)
    return [
        f"{len(stages)} stages from {stages[0]} to {stages[-1]} are scored on a sample of at least {fewest} of {every} "
        f"profiles; half the 95 % interval of the value over all profiles is at most: {wide or 'not measured'}"
    ]
