"""The values of every profile at one stage of a run: forget, closeness to gold, and keep."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lethebench.evaluation.metrics.forget import MARGIN, forgotten
from lethebench.evaluation.metrics.indistinguishable import (
    ATTACKERS,
    closeness,
    exposures,
    row_distances,
    upside_down,
)
from lethebench.evaluation.metrics.keep import GRADED, PARTS, SMALLEST, kept, profile_utility
from lethebench.evaluation.metrics.tables import RETAIN, Table

MODALITIES = ("pictures", "text")
GROUPS = ("retained", "neighbour", "general")


@dataclass(frozen=True)
class StageValues:
    """Arrays over profiles, NaN where a profile does not enter.

    Attributes:
        forget: shape (2, profiles), of MODALITIES; forget score of each asked profile, over questions that were
            trained on and held-out ones.
        indistinguishable: shape (3, profiles), of ATTACKERS.
        keep: shape (3, profiles), of GROUPS.
        keep_groups: shape (groups,), keep of each of `Table.group` in sorted order.
        relapse: shape (profiles,), knowledge above gold of each asked profile.
        lost_by_gold: shape (profiles,), whether `keep` leaves out a profile for a gold model, which does not keep it.
    """

    forget: np.ndarray
    indistinguishable: np.ndarray
    keep: np.ndarray
    keep_groups: np.ndarray
    relapse: np.ndarray
    lost_by_gold: np.ndarray


@dataclass(frozen=True)
class Stage:
    """What a model is compared with at a stage.

    Attributes:
        initial: the model before unlearning.
        gold: gold models of one or more seeds.
        all_gold: the same and, where a gold model is scored, that one: a profile enters if it is evidence for each.
        asked: tasks asked to be forgotten so far.
        unseen: tasks that the gold models were retrained without, at least those asked.
        scores_gold: whether a gold model is scored, which cannot keep tasks that it never saw.
    """

    initial: Table
    gold: Sequence[Table]
    all_gold: Sequence[Table]
    asked: frozenset[int]
    unseen: frozenset[int]
    scores_gold: bool = False


def stage_values(model: Table, stage: Stage) -> StageValues:
    """Return the values of a model's profiles at a stage; tables hold the same rows in the same order."""
    asked = np.isin(model.task, list(stage.asked))
    keep, lost_by_gold = _keep(model, stage, fresh_rows(model, stage.asked))
    return StageValues(
        forget=np.array([_forget(model, stage, asked & (model.image == image)) for image in (True, False)]),
        indistinguishable=_closeness(model, stage, asked & ~model.held_out),
        keep=keep,
        keep_groups=_keep_groups(model, stage),
        relapse=np.maximum(0.0, _knowledge(model, asked) - _gold_knowledge(stage, asked)),
        lost_by_gold=lost_by_gold,
    )


def fresh_rows(model: Table, asked: Collection[int]) -> np.ndarray:
    """Return which rows are kept and were trained on by no model: held-out ones, neighbours and general tasks."""
    untrained = model.held_out | np.isin(model.role, ["neighbour", "general"])
    return untrained & ~np.isin(model.task, list(asked))


def fluency(model: Table, asked: Collection[int]) -> np.ndarray:
    """Return the share of answers to `fresh_rows` that are language, per profile."""
    return model.means(model.language, fresh_rows(model, asked))


def _knowledge(model: Table, chosen: np.ndarray) -> np.ndarray:
    return model.means(model.columns["keyword_match"], chosen)


def _gold_knowledge(stage: Stage, chosen: np.ndarray) -> np.ndarray:
    return np.mean([_knowledge(gold, chosen) for gold in stage.gold], axis=0)


def _forget(model: Table, stage: Stage, chosen: np.ndarray) -> np.ndarray:
    before = _knowledge(stage.initial, chosen)
    values = forgotten(_knowledge(model, chosen), before, _gold_knowledge(stage, chosen))
    highest = np.max([_knowledge(gold, chosen) for gold in stage.all_gold], axis=0)
    return np.where(before - highest >= MARGIN, values, np.nan)


def _closeness(model: Table, stage: Stage, chosen: np.ndarray) -> np.ndarray:
    """Return 1 - D(model, gold) / D(initial, gold) per attacker and profile, D being means over gold seeds."""
    initial = stage.initial
    own: dict[str, list[np.ndarray]] = {name: [] for name in ATTACKERS}
    scale: dict[str, list[np.ndarray]] = {name: [] for name in ATTACKERS}
    count = model.columns["num_candidates"]
    for gold in stage.gold:
        reference = (gold.columns["rank"], gold.distribution, count)
        distances = row_distances(model.columns["rank"], model.distribution, *reference)
        before = row_distances(initial.columns["rank"], initial.distribution, *reference)
        reversed_ranks = upside_down(initial.columns["rank"], count)
        before["bottom"] = np.abs(exposures(reversed_ranks, count)["bottom"] - exposures(reference[0], count)["bottom"])
        for name in ATTACKERS:
            own[name].append(model.means(distances[name], chosen))
            scale[name].append(model.means(before[name], chosen))
    return np.array([closeness(np.mean(own[name], axis=0), np.mean(scale[name], axis=0)) for name in ATTACKERS])


def utility(model: Table, chosen: np.ndarray) -> np.ndarray:
    """Return the utility of each profile over chosen rows, shape (profiles,)."""
    return profile_utility(_means(model, chosen, PARTS))


def group_utility(model: Table, chosen: np.ndarray) -> np.ndarray:
    """Return the utility of all chosen rows, shape (1,): of the means over profiles of each of `GRADED`."""
    means = _means(model, chosen, GRADED)
    present = ~np.isnan(means).any(axis=0)
    return profile_utility(means[:, present].mean(axis=1, keepdims=True)) if present.any() else np.array([np.nan])


def _means(model: Table, chosen: np.ndarray, parts: Sequence[str]) -> np.ndarray:
    """Return the means of parts of the utility over chosen rows, shape (parts, profiles)."""
    columns = model.columns | {"truth": np.maximum(0.0, 1.0 - model.columns["truth_ratio"])}
    return np.array([model.means(columns[name], chosen) for name in parts])


def _keep(model: Table, stage: Stage, fresh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return keep per group and profile, and the profiles that are left out because a gold model does not keep them.

    Gold is no reference for tasks that it never saw and that are not asked.
    """
    seen = fresh & ~np.isin(model.task, list(stage.unseen))
    reference = utility(stage.initial, fresh)
    gold = np.mean([utility(table, seen) for table in stage.gold], axis=0)
    values = kept(utility(model, seen if stage.scores_gold else fresh), np.fmin(reference, gold))
    lost = (reference >= SMALLEST) & (np.min([utility(table, seen) for table in stage.all_gold], axis=0) < SMALLEST)
    values = np.where(lost, np.nan, values)
    retained = model.means(np.isin(model.role, ["forget", "retain"]).astype(np.float64), fresh)
    general = model.means((model.role == "general").astype(np.float64), fresh)
    members = (retained == 1, (retained == 0) & (general == 0), general == 1)
    return np.array([np.where(member, values, np.nan) for member in members]), lost


def _keep_groups(model: Table, stage: Stage) -> np.ndarray:
    """Return keep of each group, above the utility that gold models have for profiles that they never saw.

    A group is left out where the initial or any gold model does not keep it.
    """
    fresh = fresh_rows(model, stage.asked)
    unseen = np.isin(model.task, list(stage.unseen))
    chance = np.mean([group_utility(gold, model.held_out & unseen) for gold in stage.all_gold], axis=0)
    values = []
    for group in np.unique(model.group):
        rows = fresh & (model.group == group)
        floor = np.nan_to_num(chance) if group >= RETAIN else 0.0
        reference = group_utility(stage.initial, rows)
        gold = [group_utility(table, rows & ~unseen) for table in stage.gold]
        lowest = np.fmin(reference, np.min([group_utility(table, rows & ~unseen) for table in stage.all_gold], axis=0))
        own = group_utility(model, rows & ~unseen if stage.scores_gold else rows)
        share = kept(own - floor, np.fmin(reference, np.mean(gold, axis=0)) - floor)
        values.append(np.where(lowest - floor < SMALLEST, np.nan, share))
    return np.concatenate(values)
