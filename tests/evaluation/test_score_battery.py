"""The axioms of the score, over the rows of real runs: gold, honest methods, and models that cheat.

`perf/cheats.py` writes the fixture and the table of evaluation/CHEATS.md.
"""

import dataclasses
import functools
import random

import numpy as np
import pytest
from battery import ZERO, cheats, read_battery, truth_of
from fewer_resamples import resamples
from plain_run_scores import run_parts

from lethebench.evaluation.metrics.measures import Evidence
from lethebench.evaluation.metrics.run_scores import Run, run_scores
from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.scoring.aggregate import aggregate
from lethebench.scoring.asked import Asked

HONEST = ("npo", "kl", "graddiff", "simnpo", "idk", "dpo", "mmunlearner", "rmu", "ga")
ORDER, STAGES = (0, 1, 2, 3), (1, 2, 3, 4)
ENOUGH, AHEAD = 0.9, 0.05
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("npo", "ga", "gold 2", "one profile", "random answers")]


@functools.cache
def battery() -> dict[tuple[str, int], ModelRows]:
    return read_battery()


@functools.cache
def models() -> dict[str, list[ModelRows]]:
    rows = battery()
    named = {name: [rows[name, stage] for stage in STAGES] for name in (*HONEST, "gold 0", "gold 2")}
    return named | cheats(rows["initial", 0], {stage: rows["gold 0", stage] for stage in STAGES}, ORDER)


def run_of(stages: list[ModelRows]) -> Run:
    rows = battery()
    return Run([rows["initial", 0], *stages], {s: [rows["gold 0", s], rows["gold 1", s]] for s in STAGES}, ORDER)


@functools.cache
def scored() -> dict[str, dict]:
    with resamples(40):
        return {name: run_scores(run_of(stages)) for name, stages in models().items()}


def named(start: str) -> str:
    return next(name for name in models() if start in name)


def honest() -> dict[str, dict]:
    """The methods that forget and keep enough to be ahead of every cheat."""
    results = {name: scored()[name] for name in HONEST}
    return {name: one for name, one in results.items() if min(one["forget"], one["keep"]) >= ENOUGH}


def test_gold_scores_one_and_nothing_scores_more():
    spread = scored()["gold 0"]["gold_spread"]["score"]
    assert 0 < spread < 0.2
    for name in ("gold 0", "gold 2"):
        assert scored()[name]["score"] >= 1 - spread, name
    for name, result in scored().items():
        assert result["score"] <= scored()["gold 0"]["score"] + spread, name


CHEATS = [
    "unchanged", "gibberish", "refusal of everything", "refusal of asked", "random answers", "truth ranked last",
    "a fifth", "long sentences", "one profile", "at stage 1", "one stage early", "two stages later", "overfitted",
    "text kept", "pictures kept",
]  # fmt: skip


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheat_scores_below_every_honest_method(cheat):
    assert set(honest()) >= {"npo", "simnpo", "idk"}
    lowest = min(one["score"] for one in honest().values())
    assert scored()[named(cheat)]["score"] <= lowest - AHEAD
    if cheat in ZERO:
        assert scored()[named(cheat)]["score"] == 0.0
    ends = [one["intervals"]["score"][0] for one in honest().values()]
    assert scored()[named(cheat)]["intervals"]["score"][1] < min(ends)


FEW = 4  # held-out rows of a profile


def with_few_rows(model: ModelRows) -> ModelRows:
    rows = sorted(model.held_out, key=lambda row: row["id"])
    return ModelRows(model.rows, rows[:: len(rows) // (24 * FEW)])


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        *((name, 0.4, 1.0) for name in HONEST[:7]),
        *((name, 0.0, 0.1) for name in ("ga", "overfitted", "at stage 1", "one stage early")),
    ],
)
@pytest.mark.parametrize("seeds", [1, 2])
def test_keep_worst_is_not_decided_by_few_rows(name, low, high, seeds):
    run = run_of(models()[named(name)])
    gold = {stage: [*map(with_few_rows, models[:seeds])] for stage, models in run.gold.items()}
    with resamples(1):
        result = run_scores(Run([*map(with_few_rows, run.stages)], gold, ORDER))
        whole = run_scores(dataclasses.replace(run, gold={stage: gold[:seeds] for stage, gold in run.gold.items()}))
    assert low <= result["keep_worst"] <= high
    assert result["keep_worst"] == pytest.approx(whole["keep_worst"], abs=0.25)


def test_every_cheat_is_listed():
    assert {named(cheat) for cheat in CHEATS} == set(models()) - {*HONEST, "gold 0", "gold 2"}


def parts_of(stages: list[ModelRows]) -> dict:
    with resamples(1):
        return run_scores(run_of(stages))


def towards_gold(row: dict, gold: dict, draw: random.Random) -> dict:
    """Return an asked row that is better: less known, or nearer to one gold model and no farther from the other."""
    if draw.random() < 0.5:
        return row | {"keyword_match": 0.0}
    return row | {"rank": gold["rank"], "candidate_logprobs": gold["candidate_logprobs"]}


def better(row: dict, draw: random.Random) -> dict:
    name = draw.choice(["keyword_match", "probability", "rouge_l_recall", "truth_ratio"])
    return row | {name: row[name] / 2 if name == "truth_ratio" else min(1.0, row[name] + 0.5)}


def test_a_better_row_never_lowers_the_score():
    draw = random.Random(0)
    stages = models()["idk"]
    before = parts_of(stages)
    for number in (1, 2, 4):
        model, gold = stages[number - 1], battery()["gold 0", number]
        rows, held_out = list(model.rows), list(model.held_out)
        index = draw.choice([index for index, row in enumerate(rows) if row["task_id"] < number])
        golds = {row["id"]: row for row in gold.rows}
        rows[index] = towards_gold(rows[index], golds[rows[index]["id"]], draw)
        index = draw.choice(
            [index for index, row in enumerate(held_out) if row["task_id"] < 0 or row["task_id"] >= number]
        )
        held_out[index] = better(held_out[index], draw)
        changed = [*stages]
        changed[number - 1] = ModelRows(rows, held_out)
        after = parts_of(changed)
        for name in (*PARTS, "score"):
            assert after[name] >= before[name] - 1e-12, name


def test_order_of_rows_and_names_of_profiles_do_not_matter():
    draw = random.Random(1)
    names = sorted({row["profile_id"] for row in battery()["initial", 0].held_out})
    renamed = dict(zip(names, draw.sample(names, len(names)), strict=True))

    def moved(model: ModelRows) -> ModelRows:
        parts = [
            [row | {"profile_id": renamed[row["profile_id"]]} for row in part] for part in (model.rows, model.held_out)
        ]
        return ModelRows(*(draw.sample(part, len(part)) for part in parts))

    run = run_of(models()["npo"])
    changed = Run([*map(moved, run.stages)], {s: [*map(moved, gold)] for s, gold in run.gold.items()}, run.order)
    with resamples(1):
        one, other = run_scores(run), run_scores(changed)
    for name in (*PARTS, "fluent", "score", "score_last", "worst_relapse"):
        assert other[name] == pytest.approx(one[name], abs=1e-12), name


def test_tasks_of_one_stage_do_not_matter():
    """Two tasks asked at one stage score as if their ids were swapped."""
    swap = {0: 1, 1: 0}

    def moved(model: ModelRows) -> ModelRows:
        parts = [
            [row | {"task_id": swap.get(row["task_id"], row["task_id"])} for row in part]
            for part in (model.rows, model.held_out)
        ]
        return ModelRows(*parts)

    rows = run_of(models()["npo"])
    run = Run(rows.stages, rows.gold, (1, 0, 2, 3))
    swapped = Run([*map(moved, run.stages)], {s: [*map(moved, gold)] for s, gold in run.gold.items()}, ORDER)
    with resamples(1):
        assert run_scores(swapped)["score"] == run_scores(run)["score"]


@pytest.mark.parametrize("name", ["idk", *SLOW])
@pytest.mark.parametrize("seeds", [1, 2])
def test_parts_equal_a_second_implementation(name, seeds):
    run = run_of(models()[named(name)])
    run = dataclasses.replace(run, gold={stage: gold[:seeds] for stage, gold in run.gold.items()})
    with resamples(1):
        result = run_scores(run)
    expected = run_parts(run.stages, run.gold, run.order)
    for part in (*PARTS, "fluent", "score"):
        assert result[part] == pytest.approx(expected[part], abs=1e-9), part
    for part in ("forget", "indistinguishable", "keep"):
        assert result["series"][part] == pytest.approx(expected[f"{part}_series"], abs=1e-9), part


def lost(model: ModelRows, profile: str) -> ModelRows:
    """Return a model that keeps nothing of a profile."""
    rows = [row | {"probability": 0.0} if row["profile_id"] == profile else row for row in model.held_out]
    return ModelRows(model.rows, rows)


def test_profiles_that_gold_models_lose_are_left_out():
    run = run_of(models()["npo"])
    people = sorted({row["profile_id"] for row in run.stages[0].held_out if row["task_id"] < 0})
    gold = {stage: [*map(lost, golds, people[:2])] for stage, golds in run.gold.items()}
    with resamples(1):
        result, before = run_scores(dataclasses.replace(run, gold=gold)), run_scores(run)
    assert (result["reasons"], set(result["gold_spread"])) == ({}, {*PARTS, "score"})
    assert result["score"] == pytest.approx(before["score"], abs=0.05)
    assert result["assumes"] == [f"keep is without profile {people[0]} and 1 more, of which a gold model keeps nothing"]
    expected = run_parts(run.stages, gold, run.order)
    for part in (*PARTS, "score"):
        assert result[part] == pytest.approx(expected[part], abs=1e-9), part


@pytest.mark.parametrize(("name", "keep_worst"), [("npo", 0.9), ("at stage 1", 0.0)])
def test_gold_models_of_the_last_stage_alone_give_a_score(name, keep_worst):
    """They never saw later tasks, which says nothing on how much gold models keep."""
    run = run_of(models()[named(name)])
    with resamples(1):
        result = run_scores(dataclasses.replace(run, gold={4: run.gold[4]}))
    assert result["reasons"] == {}
    assert result["keep_worst"] == pytest.approx(keep_worst, abs=0.1)


@pytest.mark.parametrize("stage", [2, 4])
def test_checkpoint_has_the_parts_of_its_stage(stage):
    def rows_of(model: ModelRows) -> list[dict]:
        parts = [
            [row | {"split": "test" if held_out else row["role"]} for row in part]
            for held_out, part in enumerate((model.rows, model.held_out))
        ]
        return Asked(list(range(stage))).relabel([*parts[0], *parts[1]])

    rows = battery()
    models = (rows["npo", stage], rows["gold 0", stage], rows["initial", 0])
    result = aggregate(Evidence(*map(rows_of, models)), ["keep", "indistinguishable"])
    run = run_of([rows["npo", number] for number in STAGES])
    expected = run_scores(dataclasses.replace(run, gold={number: gold[:1] for number, gold in run.gold.items()}))
    for name in ("keep", "indistinguishable"):
        cell = result.values[name][name]
        assert cell["value"] == pytest.approx(expected["series"][name][stage - 1])
        assert cell["ci_low"] < cell["value"] < cell["ci_high"]
    assert result.values["indistinguishable"]["indistinguishable"]["n"] == sum(
        row["rank"] is not None for row in rows["npo", stage].rows if row["task_id"] < stage
    )


def test_one_kept_profile_is_named():
    result = scored()[named("one profile")]
    profile, value = result["worst_profile"]["forget"]
    assert value == 0.0
    assert profile == min(row["profile_id"] for row in battery()["initial", 0].rows if row["task_id"] == 0)
    assert (result["forget"] > 0.7, result["forget_worst"]) == (True, 0.0)


@pytest.mark.parametrize("name", [*HONEST[:6], "gold 2"])
def test_intervals_hold_the_values(name):
    result = scored()[name]
    for part in ("forget", "indistinguishable", "keep", "score", "score_last"):
        low, high = result["intervals"][part]
        assert low - 0.02 <= result[part] <= high + 0.02, part
    assert set(result["gold_spread"]) == {*PARTS, "score"}


def test_fixture_ranks_follow_from_log_probabilities():
    for row in battery()["npo", 1].rows[:40]:
        values = np.array(row["candidate_logprobs"])
        assert row["rank"] == (values > values[truth_of(row)]).sum() + ((values == values[truth_of(row)]).sum() + 1) / 2
