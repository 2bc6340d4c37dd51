"""`lethe run --dry-run`: what it plans of which stages, that it writes nothing, and its calibration on a real model."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from command_line import lethe
from initial_run import initial_run
from transformers import TrainerState

from lethebench.console import Console
from lethebench.contract.prompts import PromptCache
from lethebench.runs import calibration, inside, representation
from lethebench.runs.build import open_build
from lethebench.runs.calibration import ScoringCost, StepClock, spread
from lethebench.runs.estimate import ASKED, KNOWN, Planner, duration
from lethebench.runs.options import RunOptions
from lethebench.runs.representation import Representation
from lethebench.runs.stage import Run

COST = ScoringCost(stage=0.5, row=0.01, candidate=0.001, new_row=0.02, new_candidate=0.0001)
STEPS = 7
"""Optimizer steps of a stage."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dry")
    initial_run(folder)
    return folder


def plan(root, folder=None, source=None, **options):
    """Return the plan of a run with made-up costs."""
    costs = SimpleNamespace(
        training=(100.0, 7.0, None),
        saved=(0.1, None, 1_000_000),
        scoring=COST,
        stored=(0.0001, 200.0, 4.0),
        unlearning=lambda method: (3.0, STEPS),
        represented=0.03,
        encoder=SimpleNamespace(prompts=PromptCache()),
    )
    data = root / "icu"
    run = Run(open_build(data), RunOptions(data=data, **options), folder or root / "none", Console())
    return run, Planner(run, source, costs).plan()


def test_memory_counts_the_files_of_rows_once(root):
    run, run_plan = plan(root)
    files = {file["filename"]: Path(file["filename"]) for part in run.parts.values() for file in part.rows.cache_files}
    assert files
    assert run_plan.mapped_gb * 1e9 == pytest.approx(sum(path.stat().st_size for path in files.values()))
    assert run_plan.memory_gb > run_plan.mapped_gb + 0.1  # this process has torch in its memory


def test_parts_are_the_stages_of_the_run(root):
    run, run_plan = plan(root, methods=("npo", "ga"), gold="all", gold_seeds=2)
    count = len(run.order)
    expected = {
        "train tiny": 1,
        "score the initial model": 1,
        "npo: unlearn": count,
        "npo: score": count,
        "ga: unlearn": count,
        "ga: score": count,
        "train gold models": 2 * count,
        "score gold models": 2 * count,
        "summaries and report": 1,
    }
    assert {part.name: part.stages for part in run_plan.parts} == expected
    seconds = {part.name: part.seconds for part in run_plan.parts}
    assert seconds["train tiny"] == 107.0
    assert seconds["npo: unlearn"] == 3.0 * count
    assert seconds["train gold models"] == 2 * count * 100.0  # their rows are encoded already
    rows = sum(len(part.rows) for part in run.parts.values())
    candidates = run.parts["rows.parquet"].answers
    assert seconds["npo: score"] == pytest.approx(count * (0.5 + 0.01 * rows + 0.001 * candidates))
    assert run_plan.seconds == sum(seconds.values())
    stages = 1 + 4 * count
    assert run_plan.disk_gb * 1e9 == pytest.approx(stages * (1_000_000 + 200 * rows + 4 * candidates))
    assert f"in all {duration(run_plan.seconds)}" in run_plan.text()


def test_sampled_stages_cost_what_they_score(root):
    run, run_plan = plan(root, methods=("npo",), score_rows=40, rank_rows=4)
    count = len(run.order)
    samples = [run.sampler.sample(stage) for stage in range(1, count)]
    attributes = run.scored["attribute"]
    ranked = [sum(len(run.build.candidates[attributes[index]]) for index in sample.ranked) for sample in samples]
    rows = sum(sample.facts["rows"] for sample in samples) + sum(len(part.rows) for part in run.parts.values())
    parts = zip(attributes, run.scored["task_id"], strict=True)
    asked = sum(len(run.build.candidates.get(attribute, ())) for attribute, task in parts if task in run.order)
    last = KNOWN * run.parts["rows.parquet"].answers + (ASKED - KNOWN) * asked  # ranked only, as all stages
    candidates = ASKED * sum(ranked) + last
    (scoring,) = [part for part in run_plan.parts if part.name == "npo: score"]
    without_new = count * 0.5 + 0.01 * rows + 0.001 * candidates
    assert without_new < scoring.seconds < 1.1 * without_new


@pytest.mark.parametrize("every", [1, 3, 7, 8])
def test_scores_inside_stages_cost_what_they_call(root, monkeypatch, every):
    """The calls are counted in the callback of a training of as many steps, with no model."""
    rows: list[int] = []
    monkeypatch.setattr(inside, "prepare_rows", lambda processor, group: group)
    monkeypatch.setattr(inside, "evaluate_rows", lambda model, processor, group: rows.append(len(group)) or [])
    monkeypatch.setattr(inside, "ROWS_OF_GROUP", 8)
    run, run_plan = plan(root, methods=("npo",), score_steps=every)
    _, without = plan(root, methods=("npo",))
    prepared, arguments = 0, SimpleNamespace(world_size=1)
    for stage in range(1, len(run.order) + 1):
        groups = inside.groups_of(run.scored, run.order, stage, seed=0)
        callback, state = inside.ScoreSteps(groups, None, every), TrainerState(max_steps=STEPS)
        prepared += sum(map(len, groups.values()))
        callback.on_train_begin(arguments, state, None, torch.nn.Identity())
        for state.global_step in range(1, STEPS + 1):
            callback.on_step_end(arguments, state, None, torch.nn.Identity())
        callback.on_train_end(arguments, state, None, torch.nn.Identity())
    assert run_plan.seconds - without.seconds == pytest.approx(COST.row * sum(rows) + COST.new_row * prepared)


def test_representation_gap_costs_its_rows_at_every_model(root, monkeypatch):
    rows: list[int] = []
    monkeypatch.setattr(Representation, "_of_task", lambda self, loaded, part, collate: rows.append(len(part)))
    monkeypatch.setattr(representation, "RowEncoder", lambda processor: None)
    monkeypatch.setattr(representation, "load_placed", lambda *arguments, **options: SimpleNamespace(processor=None))
    monkeypatch.setattr(representation, "representation_gap", lambda before, after: {})
    run, run_plan = plan(root, methods=("npo", "ga"), representation_rows=2, gold="all")
    _, without = plan(root, methods=("npo", "ga"), gold="all")
    for _ in range(3 * len(run.order)):
        run.representation.gaps(SimpleNamespace(processor=None))
    assert run_plan.seconds - without.seconds == pytest.approx(0.03 * sum(rows))


def test_finished_stages_and_those_of_another_run_cost_nothing(root):
    _, own = plan(root, folder=root / "run", methods=("npo",))
    _, taken = plan(root, source=root / "run", methods=("npo",))
    assert own.parts == taken.parts
    names = [part.name for part in own.parts]
    assert names[0] == "npo: unlearn"
    assert "train gold models" in names


def test_models_from_elsewhere_are_not_trained(root):
    _, run_plan = plan(root, methods=("mine",), checkpoints=("1=a", "2=b"), tasks=2)
    assert "mine: score" in {part.name for part in run_plan.parts}
    assert "mine: unlearn" not in {part.name for part in run_plan.parts}


def test_calibration_runs_the_model_and_writes_nothing(root, monkeypatch):
    """The model is one of random weights, so that this takes seconds."""
    before = sorted(root.rglob("*"))
    for name in ("TRAINED", "STORED", "PLAIN", "RANKED"):
        monkeypatch.setattr(calibration, name, 2)
    options = ("--method", "ga", "--score-steps", 5, "--representation-rows", 1, "--dry-run", "--json")
    done = lethe("run", root / "icu", "--model", root / "base", "--out", root / "new", *options)
    assert done.status == 0, done.error
    run_plan = json.loads(done.out)["plan"]
    names = [part["name"] for part in run_plan["parts"]]
    inside_stages = ["ga: unlearn", "ga: score inside stages", "ga: score"]
    assert names[:5] == [f"train {root / 'base'}", "score the initial model", *inside_stages]
    assert "representation gap" in names
    assert all(part["seconds"] > 0 for part in run_plan["parts"])
    assert 0.1 < run_plan["memory_gb"] < 20
    assert 0 < run_plan["disk_gb"] < 1
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize("arguments", [("--method", "nonsense"), ("--tasks", "99"), ("--gold", "never")])
def test_bad_options_are_refused_before_the_calibration(root, arguments):
    done = lethe("run", root / "icu", *arguments, "--out", root / "new", "--dry-run")
    assert done.status != 0
    assert arguments[1] in done.line


@pytest.mark.parametrize(("count", "most", "expected"), [(0, 4, []), (3, 4, [0, 1, 2]), (9, 3, [0, 4, 8]), (5, 1, [0])])
def test_spread_is_even(count, most, expected):
    assert spread(count, most) == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.0 s"), (89.94, "89.9 s"), (90, "1.5 min"), (5399, "90.0 min"), (5400, "1.5 h")]
)
def test_durations_have_a_fitting_unit(seconds, text):
    assert duration(seconds) == text


def test_step_clock_leaves_out_the_first_step_and_stops():
    now = iter([0.0, 9.0, 10.0, 11.0, 20.0, 23.0])
    clock, control = StepClock(lambda: next(now), most=3), SimpleNamespace(should_training_stop=False)
    for step in range(3):
        clock.on_step_begin(None, None, control)
        clock.on_step_end(None, SimpleNamespace(max_steps=70), control)
        assert control.should_training_stop == (step == 2)
    assert clock.seconds == [9.0, 1.0, 3.0]
    assert (clock.each, clock.total) == (2.0, 70)
