"""What a run measures on request: scores inside stages, and the representation gap; neither changes what is trained."""

import random

import numpy as np
import pytest
import torch
from command_line import lethe
from initial_run import learned_root, rows_of
from transformers import TrainerState, TrainingArguments

from lethebench.baselines.loading import Loaded, load_model
from lethebench.baselines.trainer.rows import AnswerCollator, RowEncoder
from lethebench.console import Console
from lethebench.runs.build import open_build
from lethebench.runs.folder import read_json
from lethebench.runs.inside import ROWS_OF_GROUP, ScoreSteps, groups_of
from lethebench.runs.inside_figures import over_stages, worst_inside
from lethebench.runs.options import RunOptions
from lethebench.runs.proof import weights_hash
from lethebench.runs.representation import token_states
from lethebench.runs.stage import Run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_answers")]
STEPS = ("--set", "learn.max_steps=1", "--set", "npo.max_steps=3", "--set", "npo.learning_rate=0.05")


@pytest.fixture(scope="module")
def root(tmp_path_factory, short_answers):
    """A folder with a build, a model, the run `src` of stage 1, a `plain` run and one that measures all."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        learned_root(root, patch)
        for name, more in (("plain", ()), ("all", ("--score-steps", "2", "--representation-rows", "2"))):
            words = ["--method", "npo", "--from", "src", "--out", name, "--ignore-gate", *STEPS]
            done = lethe("run", "icu", *words, *more, cwd=root)
            assert done.status == 0, done.error
        yield root


def run_of(root) -> Run:
    options = RunOptions.from_record(read_json(root / "all/run.json"), out=root / "all")
    return Run(open_build(root / "icu"), options, root / "all", Console())


def test_measuring_changes_no_weights_and_no_scores(root):
    for stage in ("npo/t001", "npo/t002"):
        assert weights_hash(root / "plain", stage) == weights_hash(root / "all", stage)
        assert rows_of(root / "plain" / stage) == rows_of(root / "all" / stage)
    assert not {"inside", "representation"} & read_json(root / "plain/npo/summary.json").keys()


def test_stages_are_scored_inside(root):
    first, second = (read_json(root / f"all/npo/t00{number}/done.json")["inside"] for number in (1, 2))
    assert [point["step"] for point in first] == [point["step"] for point in second] == [0, 2, 3]
    assert "earlier" not in first[0]
    assert all(0 <= point[name] <= 1 for point in second for name in ("own", "earlier", "kept"))
    summary = read_json(root / "all/npo/summary.json")
    assert summary["inside"] == worst_inside([first, second])
    text = (root / "all/report/report.html").read_text()
    assert "Inside the stages" in text
    assert "Representation gap" in text
    assert "--score-steps 2" in text


def test_groups_of_a_stage_are_apart_and_small(root):
    run = run_of(root)
    groups = groups_of(run.build.forget, [1, 0], 2, seed=0)
    assert set(groups["own"]["task_id"]) == {0}
    assert set(groups["earlier"]["task_id"]) == {1}
    assert len(groups["kept"]) == 0
    assert all(len(rows) <= ROWS_OF_GROUP for rows in groups.values())


def test_worst_case_is_that_of_the_points():
    points = [{"kept": 0.75, "earlier": 0.25}, {"kept": 0.25, "earlier": 0.5}, {"kept": 0.5, "earlier": 0.0}]
    figures = worst_inside([points, [{"kept": 0.5}]])
    assert figures == {
        "kept_lowest": [0.25, 0.5],
        "stability_gap": [0.25, 0.0],
        "earlier_highest": [0.5, None],
        "relapse_inside": [0.5, None],
    }
    assert over_stages(figures) == {
        "kept_lowest": 0.25,
        "stability_gap": 0.125,
        "earlier_highest": 0.5,
        "relapse_inside": 0.5,
    }


def test_representation_gap_is_zero_for_the_initial_model(root):
    representation = run_of(root).representation
    gaps = representation.gaps(load_model(root / "src/learnt"))
    assert gaps.keys() == {"0", "1"}
    assert {gap["difference"] for gap in gaps.values()} == {0.0}
    stages = [
        read_json(root / f"all/{name}/done.json")["representation"] for name in ("npo/t001", "npo/t002", "gold/t002")
    ]
    for stage in stages:
        assert {task: gap["before"] for task, gap in stage.items()} == {
            task: gap["before"] for task, gap in gaps.items()
        }
        assert any(gap["difference"] for gap in stage.values())
    summary = read_json(root / "all/npo/summary.json")
    assert summary["representation"] == {task: [stage[task] for stage in stages[:2]] for task in gaps}
    assert read_json(root / "all/gold/summary.json")["representation"] == {"2": stages[2]}


def test_picture_tokens_are_those_of_the_placeholder(root):
    run = run_of(root)
    row = next(row for row in run.build.forget if row["images"])
    model, processor = load_model(root / "base")
    batch = AnswerCollator(RowEncoder(processor))([row])
    states, is_picture = token_states(model, batch)
    prompt = batch["input_ids"][0][batch["labels"][0] == -100]
    assert len(states) == len(prompt)
    assert is_picture.tolist() == (prompt == model.config.image_token_id).tolist()
    assert is_picture.any()
    again, _ = token_states(model, batch)
    assert torch.equal(states, again)


def test_mixtures_are_measured_by_the_adapter_that_answers(root):
    run = run_of(root)
    model, processor = load_model(root / "src/learnt")

    class Halves:
        """A routed model whose parts are one and the same."""

        def parts(self, rows):
            from lethebench.baselines.lumoe.mixture import Part

            yield Part(model, list(range(0, len(rows), 2)), {})
            yield Part(model, list(range(1, len(rows), 2)), {})

    split, whole = (run.representation.centroids(Loaded(part, processor)) for part in (Halves(), model))
    for task, (picture, text) in whole.items():
        assert np.allclose(split[task][0], picture)
        assert np.allclose(split[task][1], text)


def test_points_of_a_continued_stage_are_those_of_its_checkpoint(root, tmp_path):
    run, loaded = run_of(root), load_model(root / "base")
    groups = groups_of(run.build.forget.select(range(2)), run.order, 1, seed=0)
    state, arguments = TrainerState(max_steps=9), TrainingArguments(tmp_path)
    first, second = (ScoreSteps(groups, loaded.processor, every=2) for _ in range(2))
    first.on_train_begin(arguments, state, None, model=loaded.model)
    state.global_step = 2
    first.on_step_end(arguments, state, None, model=loaded.model)
    state.save_to_json(tmp_path / "state.json")
    continued = TrainerState.load_from_json(tmp_path / "state.json")
    second.on_train_begin(arguments, continued, None, model=loaded.model)
    assert second.points == first.points
    assert [point["step"] for point in second.points] == [0, 2]


def test_random_numbers_of_training_are_left_alone(root):
    run = run_of(root)
    loaded = load_model(root / "base")
    groups = groups_of(run.build.forget.select(range(2)), run.order, 1, seed=0)
    callback = ScoreSteps(groups, loaded.processor, every=1)
    before = (random.getstate(), torch.random.get_rng_state(), str(np.random.get_state()))
    callback._score(TrainerState(), loaded.model.train())
    assert loaded.model.training
    assert (random.getstate(), str(np.random.get_state())) == (before[0], before[2])
    assert torch.equal(torch.random.get_rng_state(), before[1])
