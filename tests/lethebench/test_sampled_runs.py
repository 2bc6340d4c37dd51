"""Runs whose stages are scored on a sample: with routed models, scored again, and resumed with another budget."""

import pyarrow.parquet as pq
import pytest
from command_line import lethe
from initial_run import initial_run, rows_of, score_every
from small_build import use_stand_ins
from tiny_models import save_llava

from lethebench.builders import build
from lethebench.runs.folder import HELD_OUT, read_json

BUDGET = ("--score-rows", 30, "--rank-rows", 4)
FEW_STEPS = ("learn.max_steps=2", "lumoe.max_steps=2", "npo.max_steps=2")
METHODS = ("lumoe", "npo")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four requests by trained models; stages 2 and 3 are scored on a sample."""
    root = tmp_path_factory.mktemp("sampled")
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        build("icu", root / "icu", size=8, options={"task_size": 1}, preview=False)
        score_every(patch, 2)
        settings = [word for value in FEW_STEPS for word in ("--set", value)]
        command = ["run", root / "icu", "--model", save_llava(root / "base"), "--method", ",".join(METHODS), *settings]
        done = lethe(*command, "--ignore-gate", *BUDGET, "--out", root / "run")
        assert done.status == 0, done.error
        yield root / "run"


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_sampled_stages_have_whole_profiles_of_each_kind(run, method):
    whole = {row["id"]: row for row in rows_of(run / method / "t004")}
    for stage in (2, 3):
        folder = run / method / f"t00{stage}"
        facts, rows = read_json(folder / "done.json")["sampled"], rows_of(folder)
        assert facts["rows"] == len(rows) + pq.read_metadata(folder / HELD_OUT).num_rows < facts["all_rows"]
        ranked = [row for row in rows if row["rank"] is not None]
        assert 0 < len(ranked) == facts["ranked"] <= facts["asked"]
        assert all(0 <= row["task_id"] < stage for row in ranked)
        profiles = {row["profile_id"] for row in rows}
        assert {row["id"] for row in rows} == {key for key, row in whole.items() if row["profile_id"] in profiles}
    assert all(row["rank"] is not None for row in whole.values() if row["num_candidates"])


@pytest.mark.slow
def test_routes_of_a_sample_are_recorded(run):
    for stage in (1, 2, 3, 4):
        folder = run / "lumoe" / f"t00{stage}"
        assert {row["routed_to"] for row in rows_of(folder)} <= {-1, *range(stage)}
        routing = read_json(folder / "done.json")["routing"]
        assert set(routing) == {"forget", "keep"}
        assert all(0 <= share <= 1 for share in routing.values())


@pytest.mark.slow
def test_sampled_run_scored_again_gives_the_same_numbers(run, tmp_path):
    done = lethe("evaluate", run, "--out", tmp_path / "again")
    assert done.status == 0, done.error
    assert "the same as the run's own numbers" in done.out
    for method in METHODS:
        own, again = (read_json(folder / method / "summary.json") for folder in (run, tmp_path / "again"))
        assert own == again
        for stage in ("t002", "t003"):
            assert rows_of(run / method / stage) == rows_of(tmp_path / "again" / method / stage)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A run whose initial model is finished."""
    return initial_run(tmp_path_factory.mktemp("learnt"))


@pytest.mark.parametrize(
    ("option", "value", "was"), [("score_rows", 100, 2000), ("rank_rows", 7, 400), ("score_every", 3, None)]
)
def test_run_is_not_resumed_with_another_budget(learnt, option, value, was):
    flag = "--" + option.replace("_", "-")
    command = ["run", learnt.parent / "icu", "--model", learnt.parent / "base", "--out", learnt, "--resume"]
    done = lethe(*command, flag, value)
    expected = f"was created with {option} {was}, got {value}: resume with the original, or use another folder"
    assert done.line.endswith(expected)
    assert done.status == 2
