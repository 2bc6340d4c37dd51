"""The budget of scoring: which rows a stage is scored on, what a run records of it, and bad values."""

import itertools
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import lethe
from datasets import Dataset
from long_run import COLUMNS, UNRANKED, long_run, sampler_of
from synthetic_run import summarize, write_run

from lethebench.report import write_report
from lethebench.runs.budget import Sampler
from lethebench.runs.folder import HELD_OUT, read_json, write_json
from lethebench.runs.options import RunOptions
from lethebench.runs.score import ScoredPart
from lethebench.runs.summary import ROWS

TASKS = 6
BUDGET = {"score_rows": 700, "rank_rows": 120}


@pytest.fixture(scope="module")
def run():
    return long_run("npo", tasks=TASKS, per_task=4, retained=30)


def profiles_of(run, sample, name: str = ROWS) -> set[str]:
    rows = run.stages[0].rows if name == ROWS else run.stages[0].held_out
    return {rows[index]["profile_id"] for index in sample.rows[name]}


def ranked_of(run, sample) -> set[str]:
    return {run.stages[0].rows[index]["profile_id"] for index in sample.ranked}


def test_small_run_is_scored_whole(run):
    initial = run.stages[0]
    total = len(initial.rows) + len(initial.held_out)
    ranked = sum(row["candidate_logprobs"] is not None for row in initial.rows)
    whole = sampler_of(run, score_rows=total, rank_rows=ranked)
    assert [whole.sample(stage) for stage in range(TASKS + 1)] == [None] * (TASKS + 1)
    for budget in ({"score_rows": total - 1, "rank_rows": ranked}, {"score_rows": total, "rank_rows": ranked - 1}):
        assert sampler_of(run, **budget).sample(TASKS - 1) is not None


def test_first_last_and_every_kth_stage_are_whole(run):
    sampler = sampler_of(run, **BUDGET, score_every=4)
    assert sampler.sample(0) is None
    assert sampler.sample(TASKS) is None
    whole = [
        stage for stage in range(1, TASKS) if sampler.sample(stage).facts["rows"] == sampler.sample(1).facts["rows"]
    ]
    assert whole == [1, 4]
    for stage in whole:
        facts = sampler.sample(stage).facts
        assert facts["rows"] == facts["all_rows"]
        assert facts["ranked"] == facts["asked"]


@pytest.mark.parametrize("stage", [2, 3, 5])
def test_sample_keeps_to_its_budget(run, stage):
    sample = sampler_of(run, **BUDGET).sample(stage)
    task = {row["profile_id"]: row["task_id"] for row in run.stages[0].rows}
    own = {profile for profile, number in task.items() if number == stage - 1}
    ranked = ranked_of(run, sample)
    assert own <= profiles_of(run, sample)
    assert ranked <= {profile for profile, number in task.items() if number < stage} & profiles_of(run, sample)
    assert len(sample.ranked) == sample.facts["ranked"] <= BUDGET["rank_rows"]
    assert sum(map(len, sample.rows.values())) == sample.facts["rows"]
    assert sample.facts["rows"] <= BUDGET["score_rows"] + 40 * len(own | ranked)


def test_all_rows_of_a_drawn_profile_are_scored(run):
    sample = sampler_of(run, **BUDGET).sample(3)
    for name, rows in ((ROWS, run.stages[0].rows), (HELD_OUT, run.stages[0].held_out)):
        chosen = profiles_of(run, sample) | profiles_of(run, sample, HELD_OUT)
        assert sample.rows[name] == [index for index, row in enumerate(rows) if row["profile_id"] in chosen]


def test_larger_sample_holds_the_smaller_one(run):
    samples = [sampler_of(run, score_rows=size, rank_rows=size // 6) for size in (200, 400, 800, 1200)]
    for small, large in itertools.pairwise(samples):
        assert small.fixed < large.fixed
        assert ranked_of(run, small.sample(5)) <= ranked_of(run, large.sample(5))


def test_sample_is_the_seed_s(run):
    one, same, other = (sampler_of(run, seed=seed, **BUDGET) for seed in (0, 0, 1))
    assert one.sample(3) == same.sample(3)
    assert one.fixed != other.fixed
    held_out = [profiles_of(run, one.sample(stage), HELD_OUT) for stage in (2, 5)]
    assert one.fixed <= held_out[0] & held_out[1]


def test_roles_and_tasks_have_their_share_of_a_sample(run):
    task = {row["profile_id"]: row["task_id"] for row in (*run.stages[0].rows, *run.stages[0].held_out)}
    fixed = sampler_of(run, score_rows=900, rank_rows=400).fixed
    share = len(fixed) / len(task)
    counts = {number: sum(task[one] == number for one in fixed) for number in range(-1, TASKS)}
    assert counts[-1] == pytest.approx(30 * share, abs=3)
    assert all(math.floor(4 * share) - 1 <= counts[number] <= math.ceil(4 * share) + 1 for number in range(TASKS))


def test_smallest_budget_keeps_two_profiles_of_each_role(run):
    sampler = sampler_of(run, score_rows=1, rank_rows=1)
    assert len(sampler.fixed) == 4
    assert len(ranked_of(run, sampler.sample(4))) == 1


@pytest.mark.parametrize("option", ["--score-rows", "--rank-rows", "--score-every"])
@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_budget_that_is_no_number_above_0_is_refused(option, value, tmp_path):
    done = lethe("run", tmp_path / "icu", option, value)
    assert done.status == 2
    assert f"Invalid value for '{option}'" in done.error.splitlines()[-1]


@pytest.fixture
def sampled(tmp_path):
    """A run whose stages 2 and 3 were scored on a sample of 15 of 24 profiles."""
    folder = write_run(tmp_path / "run", methods=("npo",))
    rows = {name: pq.read_table(folder / "learnt" / name).to_pylist() for name in (ROWS, HELD_OUT)}
    candidates = {row["attribute"]: ["a", "b"] for row in rows[ROWS]}
    parts = {
        name: ScoredPart(Dataset.from_list([{key: row[key] for key in COLUMNS} for row in part]), candidates)
        for name, part in rows.items()
    }
    options = RunOptions(data=folder / "data", score_rows=12 * 12, rank_rows=30)
    sampler = Sampler(parts, list(range(4)), options)
    for stage in (2, 3):
        sample, path = sampler.sample(stage), folder / f"npo/t00{stage}"
        for name, chosen in sample.rows.items():
            kept = pq.read_table(path / name).to_pylist()
            kept = [{**kept[index], **({} if index in sample.ranked else UNRANKED)} for index in chosen]
            pq.write_table(pa.Table.from_pylist(kept), path / name)
        write_json(path / "done.json", read_json(path / "done.json") | {"sampled": sample.facts})
    summarize(folder)
    return folder


def test_report_says_what_was_sampled(sampled):
    summary = read_json(sampled / "npo/summary.json")
    assert None not in summary["forget"]
    assert set(summary["sampling"]["keep"]) == {"2", "3"}
    for name, stages in summary["sampling"].items():
        for stage, (low, high) in stages.items():
            assert low <= summary[name][int(stage) - 1] <= high
    page = write_report([sampled], sampled / "report").read_text()
    assert "2 stages from 2 to 3 are scored on a sample of at least" in page


def test_rows_taken_out_of_a_whole_stage_are_found(sampled):
    path = sampled / "npo/t001"
    rows = pq.read_table(path / ROWS)
    pq.write_table(rows.slice(0, len(rows) - 1), path / ROWS)
    with pytest.raises(ValueError, match="stage 1 has other rows than stage 0"):
        summarize(sampled)
