"""The definitions of robustness of `perf/metric_validity.py`, on values worked out by hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "perf" / "validity_robustness.py"
GOLDS = ("gold-4", "gold-5", "gold-6")


@pytest.fixture(scope="module")
def formulas():
    spec = importlib.util.spec_from_file_location("validity_robustness", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def values(**models):
    """Return `Values` of the metric m: model -> (unchanged, relearned, 8 bits, 4 bits)."""
    states = ("unchanged", "relearned", "8 bits", "4 bits")
    return {state: {"m": {name: line[index] for name, line in models.items()}} for index, state in enumerate(states)}


@pytest.fixture
def measured():
    golds = {"gold-4": (0.1, 0.2, 0.1, 0.1), "gold-5": (0.1, 0.3, 0.1, 0.0), "gold-6": (0.1, 0.1, 0.1, 0.2)}
    return values(learnt=(0.9, 0.9, 0.9, 0.9), npo=(0.1, 0.6, 0.1, 0.1), ga=(0.2, 0.3, 0.2, 0.2), **golds)


def test_recovered_is_the_change_beyond_gold_per_range(formulas, measured):
    assert formulas.recovered(measured, "m", "relearned", "npo", GOLDS) == pytest.approx((0.5 - 0.1) / 0.8)
    assert formulas.recovered(measured, "m", "relearned", "ga", GOLDS) == pytest.approx(0.0)


def test_gold_model_is_compared_with_the_other_gold_models(formulas, measured):
    assert formulas.recovered(measured, "m", "relearned", "gold-5", GOLDS) == pytest.approx((0.2 - 0.05) / 0.8)


def test_stability_is_one_for_models_that_change_like_gold(formulas, measured):
    assert formulas.stability(measured, "m", "relearned", ["ga"], GOLDS) == pytest.approx(1.0)
    assert formulas.stability(measured, "m", "relearned", ["ga", "npo"], GOLDS) == pytest.approx(0.75)
    assert formulas.stability(measured, "m", "relearned", ["ga", "ga", "npo"], GOLDS, np.median) == pytest.approx(1.0)


def test_stability_is_zero_where_everything_comes_back(formulas):
    lost = values(learnt=(0.9,) * 4, npo=(0.0, 3.0, 0.0, 0.0), **dict.fromkeys(GOLDS, (0.1,) * 4))
    assert formulas.stability(lost, "m", "relearned", ["npo"], GOLDS) == 0.0


def test_range_does_not_depend_on_the_unit(formulas, measured):
    scaled = {state: {"m": {name: 7 * x for name, x in line["m"].items()}} for state, line in measured.items()}
    for state in formulas.CHANGES:
        assert formulas.stability(scaled, "m", state, ["npo", "ga"], GOLDS) == pytest.approx(
            formulas.stability(measured, "m", state, ["npo", "ga"], GOLDS)
        )


def test_robustness_is_the_harmonic_mean_with_both_roundings(formulas):
    of_state = {"relearned": 0.4, "8 bits": 1.0, "4 bits": 0.6}.__getitem__
    assert formulas.robustness(of_state) == pytest.approx(2 * 0.4 * 0.8 / 1.2)


def test_published_relearning_compares_changes_with_gold(formulas, measured):
    npo = 1 - abs(0.5 - 0.1) / (0.5 + 0.1)
    assert formulas.published(measured, "m", "relearned", ["npo"], GOLDS) == pytest.approx(npo)
    assert formulas.published(measured, "m", "relearned", ["npo", "ga"], GOLDS) == pytest.approx((npo + 1.0) / 2)


def test_published_rounding_compares_values_of_one_model(formulas):
    rounded = values(npo=(0.1, 0.0, 0.3, 0.0), ga=(0.0, 0.0, 0.0, 0.0), gold=(0.0,) * 4)
    assert formulas.published(rounded, "m", "8 bits", ["npo"], ["gold"]) == pytest.approx(1 - 0.2 / 0.4)
    assert formulas.published(rounded, "m", "8 bits", ["ga"], ["gold"]) == 1.0
    assert formulas.published(rounded, "m", "4 bits", ["npo"], ["gold"]) == 0.0


def test_floor_counts_differences_within_the_spread_of_gold_as_none(formulas, measured):
    assert formulas.published(measured, "m", "4 bits", ["npo"], GOLDS, floor=True) == 1.0
    near = {**measured, "relearned": {"m": {**measured["relearned"]["m"], "npo": 0.35}}}
    assert formulas.published(near, "m", "relearned", ["npo"], GOLDS, floor=True) == 1.0
    assert formulas.published(near, "m", "relearned", ["npo"], GOLDS) == pytest.approx(1 - 0.15 / 0.35)
    assert formulas.published(measured, "m", "relearned", ["npo"], GOLDS, floor=True) < 0.5
