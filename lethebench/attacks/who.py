"""Who was it: are the forgotten profiles told from profiles never seen, and does unlearning expose retained ones?"""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from datasets import Dataset

from lethebench.attacks.context import Attempt, Context, NotApplicable
from lethebench.baselines.loading import Loaded
from lethebench.evaluation.answers.row_scores import MEMBERSHIP_COLUMNS
from lethebench.evaluation.likelihood.api import Score, score_encoded
from lethebench.evaluation.metrics.detectability import detectability
from lethebench.evaluation.metrics.membership import membership_scores, privacy_leakage

SCORE = "loss"
"""The score of membership with a fixed direction."""
LEAST_PROFILES = 2
KIND = ("attribute", "modality", "format")
"""Columns in which the rows of two sets are alike."""


class Who:
    """Tell forget rows, and retain rows, from holdout rows by the scores of the model.

    * `forget set, classifier`: the AUC of a logistic regression over eight membership scores of each true answer,
      cross-validated over profiles (FUMA). It finds also rows that the model avoids.
    * `forget set, loss` and `retain set, loss`: the membership AUC of the loss alone, higher = more likely trained on.
      A value for the retain set above that of the initial model means that unlearning exposes it (TC-UMIA).

    Rows are paired, so that both sets ask equally often for each attribute, modality and format. This recovers no
    knowledge, and does not enter the worst case. What is reported is the AUC beside gold's and the initial model's,
    with its interval over profiles, and as a share (AUC - gold's) / (initial model's - gold's): 0 as gold, 1 as before
    unlearning. There is no share where gold and the initial model differ by less than 0.05, as they should in the
    retain set. The `knowledge` of a row is the share of holdout rows that it is ranked above; the mean of all is the
    AUC.

    Source: FUMA, EMNLP 2025; TC-UMIA, arXiv 2605.01129.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the AUC of each set, row by row."""
        forget, holdout, retain = matched(rows, context)
        scores = {
            name: _scores(loaded, part, context, f"who/{name}")
            for name, part in (("forget", forget), ("retain", retain), ("holdout", holdout))
            if len(part)
        }
        yield _classified("forget set, classifier", scores["forget"], scores["holdout"], context.seed)
        yield _ranked("forget set, loss", scores["forget"], scores["holdout"], context.seed)
        if "retain" in scores:
            yield _ranked("retain set, loss", scores["retain"], scores["holdout"], context.seed)
        else:
            context.notes.append("retain set: no retain row asks what holdout rows ask")


class Scored(NamedTuple):
    """The scores of a set: ids and profiles of its rows, and their membership scores, shape (rows, scores)."""

    ids: list[str]
    profiles: list[str]
    values: np.ndarray


def matched(rows: Dataset, context: Context) -> tuple[Dataset, Dataset, Dataset]:
    """Return forget rows, as many holdout rows that ask the same, and retain rows that ask what those ask.

    Raises:
        NotApplicable: Fewer than two profiles of a set can be paired.
    """
    holdout = context.holdout
    assert holdout is not None  # the registry asks for it
    chosen, partners = pairs(_kinds(rows), _kinds(holdout), context.seed)
    forget, paired = rows.select(chosen), holdout.select(partners)
    if min(len(set(part["profile_id"])) for part in (forget, paired)) < LEAST_PROFILES:
        raise NotApplicable("fewer than two forget or holdout profiles have rows that ask the same")
    _, retained = pairs(_kinds(paired), _kinds(context.retain), context.seed)
    return forget, paired, context.retain.select(retained)


def pairs(first: Sequence[Any], second: Sequence[Any], seed: int) -> tuple[list[int], list[int]]:
    """Return indices of equal items of two sequences, each used once, at random.

    >>> pairs(["a", "b", "b"], ["b", "c", "a"], 0)
    ([0, 1], [0, 2])
    """
    free: dict[Any, list[int]] = defaultdict(list)
    for index in random.Random(f"{seed}/pairs").sample(range(len(second)), len(second)):
        free[second[index]].append(index)
    first_indices, second_indices = [], []
    for index, one in enumerate(first):
        if free[one]:
            first_indices.append(index)
            second_indices.append(free[one].pop())
    return first_indices, sorted(second_indices)


def _kinds(rows: Dataset) -> list[tuple[Any, ...]]:
    return list(zip(*(rows[name] for name in KIND), strict=True))


def _scores(loaded: Loaded, rows: Dataset, context: Context, name: str) -> Scored:
    """Return the membership scores of true answers, from one forward pass; nothing is generated."""
    encoded = context.prepare(loaded, rows, name).encoded

    def answer(model: Any, indices: Sequence[int]) -> list[list[Score]]:
        return score_encoded(model, [encoded[index] for index in indices], statistics=True)

    values = []
    for (score, *_), text in zip(context.by_part(loaded, rows, answer), rows["answer"], strict=True):
        tokens = score.tokens
        of_row = membership_scores(tokens.logprob, text, means=tokens.mean, deviations=tokens.std)
        values.append([of_row[column] for column in MEMBERSHIP_COLUMNS])
    return Scored(rows["id"][:], rows["profile_id"][:], np.array(values))


def _joined(first: Scored, second: Scored) -> tuple[np.ndarray, list[int], list[str]]:
    members = [1] * len(first.ids) + [0] * len(second.ids)
    return np.concatenate([first.values, second.values]), members, [*first.profiles, *second.profiles]


def _classified(name: str, forget: Scored, holdout: Scored, seed: int) -> Attempt:
    values, members, profiles = _joined(forget, holdout)
    result = detectability(values, members, profiles, seed=seed)
    return _attempt(name, forget, result["placements"], result)


def _ranked(name: str, first: Scored, holdout: Scored, seed: int) -> Attempt:
    values, members, profiles = _joined(first, holdout)
    column = values[:, MEMBERSHIP_COLUMNS.index(SCORE)]
    difference = column[: len(first.ids), None] - column[None, len(first.ids) :]
    placements = ((difference > 0) + (difference == 0) / 2).mean(axis=1)
    return _attempt(name, first, placements, privacy_leakage(column, members, profile_ids=profiles, seed=seed))


def _attempt(name: str, scored: Scored, placements: np.ndarray, result: dict[str, Any]) -> Attempt:
    rows = [{"id": one, "knowledge": float(value)} for one, value in zip(scored.ids, placements, strict=True)]
    return Attempt(name, rows, interval=(result["ci_low"], result["ci_high"]))
