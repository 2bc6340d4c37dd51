"""Stages scored on a sample of profiles: the whole value lies in the interval, and a whole sample changes nothing."""

import dataclasses

import numpy as np
import pytest
from fewer_resamples import resamples
from long_run import long_run, sampled_run, sampler_of

from lethebench.evaluation.metrics.rows import stability_of, stage_matrix
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.sampling import Drawn
from lethebench.evaluation.metrics.stability import continual_summary
from lethebench.evaluation.metrics.tables import ModelRows

PARTS = ("forget", "indistinguishable", "keep", "fluent")
BUDGET = {"score_rows": 900, "rank_rows": 200}


@pytest.fixture(scope="module")
def run() -> Run:
    return long_run("npo", tasks=6, per_task=4, retained=30)


@pytest.fixture(scope="module", autouse=True)
def few_resamples():
    with resamples(20):
        yield


@pytest.fixture(scope="module")
def samples(run) -> list[dict]:
    return [run_scores(sampled_run(run, sampler_of(run, seed=seed, **BUDGET))) for seed in range(12)]


def test_estimates_have_no_bias(run, samples):
    whole = run_scores(run)["series"]
    for name in PARTS:
        values = np.array([one["series"][name][1:5] for one in samples])
        error = values.std(axis=0) / len(samples) ** 0.5
        assert (np.abs(values.mean(axis=0) - whole[name][1:5]) <= 4 * error + 0.004).all(), name


def covered(whole: dict, samples: list[dict]) -> dict[str, float]:
    """Return part -> share of sampled stages whose value over all rows is in the interval of the sample."""
    inside: dict[str, list[bool]] = {}
    for sampled in samples:
        for name, intervals in sampled["sampling"].items():
            hits = [low <= whole["series"][name][stage - 1] <= high for stage, (low, high) in intervals.items()]
            inside.setdefault(name, []).extend(hits)
    assert set(inside) == set(PARTS)
    assert min(map(len, inside.values())) >= 20
    return {name: float(np.mean(hits)) for name, hits in inside.items()}


def test_whole_value_is_in_the_interval_of_the_sample(run, samples):
    assert min(covered(run_scores(run), samples).values()) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("method", ["npo", "ga", "rmu", "idk", "kl", "simnpo", "mmunlearner"])
def test_intervals_hold_in_longer_runs(method):
    """Stages of one seed share their sample, so that seeds count more than stages. The last three chose nothing."""
    run = long_run(method, tasks=16, per_task=4, retained=60)
    samplers = [sampler_of(run, seed=seed, score_rows=1000, rank_rows=320) for seed in range(34)]
    samples = [run_scores(sampled_run(run, sampler, (4, 9, 14))) for sampler in samplers]
    shares = covered(run_scores(run), samples)
    assert min(shares.values()) >= 0.93, shares


def test_whole_sample_gives_the_same_scores(run):
    whole = run_scores(run)
    sampled = run_scores(dataclasses.replace(run, sampled=frozenset({2, 3, 4})))
    assert sampled == whole


def test_first_and_last_stage_are_exact(run):
    whole, sampled = run_scores(run), run_scores(sampled_run(run, sampler_of(run, **BUDGET)))
    assert sampled["score_last"] == whole["score_last"]
    for name in PARTS:
        assert [sampled["series"][name][stage] for stage in (0, -1)] == [whole["series"][name][s] for s in (0, -1)]
        assert sampled["series"][name][2] == pytest.approx(whole["series"][name][2], abs=0.15)
    assert sampled["reasons"] == {}
    (line,) = [line for line in sampled["assumes"] if "sample" in line]
    assert line.startswith("4 stages from 2 to 5 are scored on a sample of at least ")


def test_rows_missing_outside_of_a_sample_are_refused(run):
    sampled = sampled_run(run, sampler_of(run, **BUDGET))
    with pytest.raises(ValueError, match="stage 2 has other rows than stage 0"):
        run_scores(dataclasses.replace(sampled, sampled=frozenset({3, 4, 5})))
    strange = ModelRows([{**row, "id": f"x{row['id']}"} for row in run.stages[2].rows], run.stages[2].held_out)
    with pytest.raises(ValueError, match="stage 2 has other rows"):
        run_scores(dataclasses.replace(run, stages=[*run.stages[:2], strange, *run.stages[3:]], sampled={2}))


def test_stability_is_over_the_cells_that_were_scored(run):
    sampled = sampled_run(run, sampler_of(run, score_rows=120, rank_rows=60))
    rows = [stage.rows for stage in sampled.stages]
    assert None in stage_matrix(rows, run.order)[3]
    scores, gold = run_scores(sampled), [0.0] * len(run.order)
    summary = stability_of(rows, scores, gold, run.order, sampled.sampled)
    assert 0 <= summary["stability"] <= 1
    assert summary["premature_forgetting"] is not None
    with pytest.raises(ValueError, match="knowledge of task"):
        stability_of(rows, scores, gold, run.order)


def test_unsampled_cell_of_a_stage_s_own_task_is_an_error():
    matrix = [[1.0, 1.0, 1.0], [0.1, None, 1.0], [0.2, None, 1.0], [0.2, 0.3, 0.0]]
    with pytest.raises(ValueError, match="knowledge of task 2 after stage 2 is None"):
        continual_summary(matrix, [1.0] * 4, sampled={1, 2})


def test_weights_stand_for_all_profiles_of_a_stratum():
    drawn = Drawn(np.array([0, 0, 1, 1, 1, 1]), np.array([True, True, True, False, True, False]))
    assert drawn.weights.tolist() == [1, 1, 2, 0, 2, 0]
    assert not drawn.is_whole
    assert Drawn(drawn.stratum, np.ones(6, dtype=bool)).is_whole


def test_interval_of_a_mean_shrinks_with_the_share_that_is_drawn():
    values = np.random.default_rng(0).random(200)

    def width(count: int) -> float:
        drawn = Drawn(np.zeros(200, dtype=int), np.arange(200) < count)
        own = np.where(drawn.included, values, np.nan)
        low, high = drawn.interval(lambda weights: weights @ np.nan_to_num(own) / weights.sum(axis=1), own[None])
        return high - low

    expected = 2 * 2.01 * values[:50].std() * np.sqrt(0.75 / 50)
    assert width(50) == pytest.approx(expected, rel=0.2)
    assert width(190) < width(100) < width(50)
    everyone = Drawn(np.zeros(200, dtype=int), np.ones(200, dtype=bool))
    assert everyone.interval(lambda weights: weights @ values / 200, values[None]) is None
