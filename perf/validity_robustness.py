"""How far training and rounding move a metric on unlearned models beyond gold models, by several definitions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lethebench.evaluation.metrics.recovery import recovered as share_recovered
from lethebench.evaluation.metrics.validation import harmonic_mean

UNCHANGED, RELEARNED, LONGER, ROUNDED = "unchanged", "relearned", "relearned longer", ("8 bits", "4 bits")
CHANGES = (RELEARNED, *ROUNDED)
INITIAL = "learnt"
Values = Mapping[str, Mapping[str, Mapping[str, float]]]
"""State -> metric -> model -> value; higher = more knowledge of the forget set."""


@dataclass(frozen=True)
class Measured:
    """The values of all metrics, and the models to compare.

    A metric that compares with gold and initial models compares with models of the same state (alike), or with
    unchanged ones of which `reference` is one (fixed).

    Attributes:
        alike, fixed: Values on facts that were not relearned.
        trained_alike, trained_fixed: Values on the facts that were relearned.
        useful: Methods whose models keep their utility.
        methods: All methods.
        golds: Gold models of seeds that no metric compares with.
        reference: The gold model that `fixed` measures and compares with.
    """

    alike: Values
    fixed: Values
    trained_alike: Values
    trained_fixed: Values
    useful: Sequence[str]
    methods: Sequence[str]
    golds: Sequence[str]
    reference: str


def change(values: Values, metric: str, state: str, model: str) -> float:
    """Return what relearning or rounding adds to a metric of a model."""
    return values[state][metric][model] - values[UNCHANGED][metric][model]


def recovered(values: Values, metric: str, state: str, model: str, golds: Sequence[str]) -> float:
    """Return the change of a metric beyond that of gold models, as a share of its range from gold to the initial model.

    The range is that of the unchanged models. A gold model is compared with the others.
    """
    others = [gold for gold in golds if gold != model]
    unchanged = values[UNCHANGED][metric]
    changes = [change(values, metric, state, gold) for gold in others]
    own, initial = change(values, metric, state, model), unchanged[INITIAL]
    return share_recovered(own, changes, initial, [unchanged[gold] for gold in others])


def stability(
    values: Values,
    metric: str,
    state: str,
    models: Sequence[str],
    golds: Sequence[str],
    average: Callable[[Sequence[float]], np.floating] = np.mean,
) -> float:
    """Return 1 - the average over models of |recovered|, at most 1: 1 where a change moves no model beyond gold."""
    moved = [min(1.0, abs(recovered(values, metric, state, model, golds))) for model in models]
    return 1.0 - float(average(moved))


def robustness(of_state: Callable[[str], float]) -> float:
    """Return the harmonic mean of the value of relearning and the mean of those of both roundings."""
    return harmonic_mean([of_state(RELEARNED), float(np.mean([of_state(state) for state in ROUNDED]))])


def alike(first: float, second: float) -> float:
    """Return 1 - |first - second| / (|first| + |second|), 1 where both are 0."""
    total = abs(first) + abs(second)
    return 1.0 - min(1.0, abs(first - second) / total) if total else 1.0


def published(
    values: Values, metric: str, state: str, models: Sequence[str], golds: Sequence[str], *, floor: bool = False
) -> float:
    """Return R (relearning) or Q (rounding) of the meta-evaluation of unlearning depth score, mean over models.

    R compares the changes of a model and of gold, Q the values of a model before and after.

    Args:
        floor: Count a difference as none if it is at most the range of the gold models' changes.

    Source: arXiv 2605.24614.
    """
    gold_changes = [change(values, metric, state, gold) for gold in golds]
    resolution = np.ptp(gold_changes) if floor else -1.0
    results = []
    for model in models:
        before, after = values[UNCHANGED][metric][model], values[state][metric][model]
        pair = (after - before, float(np.mean(gold_changes))) if state == RELEARNED else (after, before)
        results.append(1.0 if abs(pair[0] - pair[1]) <= resolution else alike(*pair))
    return float(np.mean(results))


def definitions(measured: Measured, metric: str) -> dict[str, float]:
    """Return definition -> robustness of a metric; `share of the range` and `published` are those of the table."""
    useful, everyone, golds, reference = measured.useful, measured.methods, measured.golds, [measured.reference]

    def share(values: Values, models: Sequence[str], average: Callable = np.mean) -> float:
        return robustness(lambda state: stability(values, metric, state, models, golds, average))

    def as_published(values: Values, models: Sequence[str], golds: Sequence[str], *, floor: bool = False) -> float:
        return robustness(lambda state: published(values, metric, state, models, golds, floor=floor))

    return {
        "share of the range": share(measured.alike, useful),
        "the same, median of the methods": share(measured.alike, useful, np.median),
        "the same, with methods that lost utility": share(measured.alike, everyone),
        "the same, references left unchanged": share(measured.fixed, useful),
        "the same, 30 steps of relearning": robustness(
            lambda state: stability(measured.alike, metric, LONGER if state == RELEARNED else state, useful, golds)
        ),
        "published": as_published(measured.trained_fixed, useful, reference),
        "published, with methods that lost utility": as_published(measured.trained_fixed, everyone, reference),
        "published, gold of other seeds": as_published(measured.trained_alike, useful, golds),
        "published, on facts not relearned": as_published(measured.fixed, useful, reference),
        "the same, gold of other seeds": as_published(measured.alike, useful, golds),
        "the same, no difference within gold's spread": as_published(measured.alike, useful, golds, floor=True),
    }
