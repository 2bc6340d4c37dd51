"""Attacks find nothing, beyond the spread of gold, in models from which the rows are deleted by construction."""

import json
from dataclasses import replace
from types import SimpleNamespace

import baselines_support as support
import pytest
import torch
from command_line import lethe
from small_build import real_build

from lethebench.attacks import calibration
from lethebench.attacks.calibration import DroppedAdapter, Replay
from lethebench.attacks.registry import NO_ATTACK
from lethebench.baselines.presets import Preset
from lethebench.baselines.stage import Stage, UnlearnResult

FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 4))
METHODS = [f"lethebench.attacks.calibration.{one.__name__}" for one in (Replay, DroppedAdapter)]
DIFFERENCE = 0.1
"""How much more than gold's own worst case, of at most a few models, chance may give."""


@pytest.fixture
def stage(monkeypatch):
    """A stage whose retraining gives an untrained model at once; `seeds` has the seeds that it was asked for."""
    seeds = []

    def retrain(stage):
        seeds.append(stage.seed)
        assert stage.model == "tiny"
        tiny = support.tiny(seed=stage.seed % 1000, init_range=0.2)
        return UnlearnResult(tiny.model, tiny.processor, steps=5)

    monkeypatch.setattr(calibration, "Retrain", SimpleNamespace(unlearn=retrain))
    tiny = support.tiny()
    settings = {"bf16": False, "activation_checkpointing": False, "learning_rate": 1e-2}
    preset = Preset("test", "", "tiny", None, "vision_tower", settings, {}, {})
    options = {"overrides": {"steps": 30}, "seed": 4}
    return Stage(METHODS[1], tiny.model, tiny.processor, FORGET, RETAIN, preset, **options), seeds


def test_dropped_adapter_knew_the_rows_and_leaves_no_weight(stage):
    stage, seeds = stage
    result = DroppedAdapter.unlearn(stage)
    twin = support.tiny(seed=seeds[0] % 1000, init_range=0.2).model
    assert calibration.same(list(result.model.parameters()), list(twin.parameters()))
    assert {name for name, _ in result.model.named_parameters()} == {name for name, _ in twin.named_parameters()}
    assert 0 <= result.facts["adapter_knows"] <= 1
    assert result.steps == 35


def test_change_of_the_base_is_refused(stage, monkeypatch):
    stage, _ = stage
    train = calibration.learn

    def careless(model, *arguments, **options):
        result = train(model, *arguments, **options)
        with torch.no_grad():
            next(result.model.parameters()).add_(1e-3)
        return result

    monkeypatch.setattr(calibration, "learn", careless)
    with pytest.raises(RuntimeError, match="not the one that it was trained on"):
        DroppedAdapter.unlearn(stage)


def test_replay_has_a_seed_of_its_own(stage):
    stage, seeds = stage
    Replay.unlearn(replace(stage, method=METHODS[0], overrides={}))
    DroppedAdapter.unlearn(stage)
    assert len({*seeds, 4}) == 3


def test_model_to_train_from_has_to_be_known(stage):
    stage, _ = stage
    with pytest.raises(ValueError, match="start=NAME"):
        Replay.unlearn(replace(stage, overrides={}, method=METHODS[0], preset=replace(stage.preset, base_model="")))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("calibration") / "run"
    methods = ",".join(name.replace("calibration.", "calibration:") for name in METHODS)
    request = ("--tasks-per-request", "2")  # four profiles at the cost of two
    words = ("--method", methods, *request, "--gold-seeds", "3", "--ignore-gate", "--out", out)
    done = lethe("run", real_build("icu"), *words)
    assert done.status == 0, done.error
    return out


@pytest.fixture(scope="module")
def attacked(run):
    done = lethe("attack", run)
    assert done.status == 0, done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    return stage


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("method", METHODS)
def test_every_attack_finds_nothing_beyond_the_spread_of_gold(attacked, method):
    model = attacked["models"][method]
    beyond = {name: value for name, value in model["recovery"].items() if value > attacked["gold_spread"] + DIFFERENCE}
    assert not beyond
    assert model["recovery"][NO_ATTACK] <= attacked["gold_spread"] + DIFFERENCE


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("method", METHODS)
def test_no_measure_is_surely_above_every_gold_model(attacked, method):
    """The rows are few and of four profiles, so that the interval of a measure is compared, not its value."""
    measures = attacked["measures"]
    above = {}
    for series, one in measures[method].items():
        golds = [measures[gold][series]["value"] for gold in attacked["golds"]]
        if one["initial"] - one["gold"] >= 0.2 and one["ci_low"] > max(golds) + DIFFERENCE:
            above[series] = one, golds
    assert not above


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_adapter_that_is_dropped_knew_most_rows(run):
    (path,) = (run / METHODS[1]).glob("t*/done.json")
    assert json.loads(path.read_text())["adapter_knows"] > 0.5
