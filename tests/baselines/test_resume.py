"""Checkpoints inside a stage: a training that is killed and continued gives the same weights, bit for bit."""

import json

import baselines_support as support
import pytest
import torch
from transformers import TrainerCallback

from lethebench.baselines.learn import learn, learn_tiny
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.resume import MARK, Checkpoints, mean_loss

SHARED = {"bf16": False, "activation_checkpointing": False, "learning_rate": 3e-3, "max_steps": 7}
SHARED |= {"per_device_train_batch_size": 4}
FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 6))
LORA = LoraSettings(rank=4, alpha=8, dropout=0.1)
METHODS = {"ga": {}, "npo": {}, "npo with kl": {"retain_loss": "kl"}, "dpo": {}, "simnpo": {}, "rmu": {"layer": 1}}
METHODS |= {"mmunlearner": {}, "lumoe": {"gate": "true_task"}}
FAST = ("ga", "npo")


class Killed(Exception):
    pass


class KillAt(TrainerCallback):
    """Ends a training as a kill does, after the checkpoint of the step before."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise Killed


def preset(lora: LoraSettings | None, method: str = "", **settings) -> Preset:
    return Preset("test", "", "any", lora, None, SHARED, {}, {}, methods={method: settings} if method else {})


def weights(model) -> dict:
    return {name: value.clone() for name, value in getattr(model, "model", model).state_dict().items()}


def same(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model, tiny.processor, folder)
    return folder


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in METHODS]
)
def test_killed_stage_continues_to_the_same_weights(base, tmp_path, name, lora):
    method = name.partition(" ")[0]

    def run(checkpoints, *callbacks):
        model, processor = load_model(base)
        if method == "lumoe":
            rows = [[{**row, "task_id": 0} for row in part] for part in (FORGET, RETAIN)]
        else:
            rows = [FORGET, RETAIN]
        settings = preset(lora, method, **METHODS[name])
        stage = Stage(method, model, processor, *rows, settings, seed=5, callbacks=callbacks, checkpoints=checkpoints)
        result = unlearn(stage)
        return weights(result.model), result.log

    whole, log = run(None)
    checkpoints = Checkpoints(tmp_path / "checkpoints", "one", 2)
    with pytest.raises(Killed):
        run(checkpoints, KillAt(5))
    assert checkpoints.latest().endswith("checkpoint-4")
    assert len(list(checkpoints.folder.glob("checkpoint-*"))) == 1
    continued, continued_log = run(Checkpoints(checkpoints.folder, "one"))
    assert same(whole, continued)
    assert not same(whole, weights(load_model(base).model))
    losses = [[(line["step"], line["loss"]) for line in part if "loss" in line] for part in (log, continued_log)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
def test_killed_learning_continues_to_the_same_weights_and_loss(base, tmp_path, lora):
    def run(checkpoints, *callbacks):
        model, processor = load_model(base)
        options = {"preset": preset(lora), "seed": 3, "callbacks": callbacks, "checkpoints": checkpoints}
        return learn(model, processor, FORGET, **options)

    whole = run(None)
    checkpoints = Checkpoints(tmp_path / "checkpoints", "one", 3)
    with pytest.raises(Killed):
        run(checkpoints, KillAt(6))
    continued = run(checkpoints)
    assert same(weights(whole.model), weights(continued.model))
    assert continued.steps == whole.steps == 7
    assert continued.loss == pytest.approx(whole.loss, rel=1e-6)


def test_tiny_model_with_its_own_optimizers_continues(tmp_path):
    settings = Preset("test", "", "tiny", None, None, {"bf16": False}, {"max_steps": 6}, {})

    def run(checkpoints, *callbacks):
        tiny = support.tiny()
        return weights(learn_tiny(tiny, FORGET, preset=settings, callbacks=callbacks, checkpoints=checkpoints).model)

    whole, checkpoints = run(None), Checkpoints(tmp_path / "checkpoints", "one", 2)
    with pytest.raises(Killed):
        run(checkpoints, KillAt(5))
    assert same(whole, run(checkpoints))


def test_only_complete_checkpoints_of_the_same_stage_are_continued(tmp_path):
    for step, content in ((2, {"identity": "one"}), (4, {"identity": "other"}), (10, {"identity": "one"})):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / MARK).write_text(json.dumps(content))
    (tmp_path / "checkpoint-12").mkdir()  # a kill while it was written
    (tmp_path / "checkpoint-11").mkdir()
    (tmp_path / "checkpoint-11" / MARK).write_text("{")
    assert Checkpoints(tmp_path, "one").latest() == str(tmp_path / "checkpoint-10")
    assert Checkpoints(tmp_path, "other").latest() == str(tmp_path / "checkpoint-4")
    assert Checkpoints(tmp_path, "none").latest() is None
    assert Checkpoints(tmp_path / "absent", "one").latest() is None


def test_mean_loss_weighs_lines_by_their_steps():
    history = [{"loss": 3.0, "step": 1}, {"train_runtime": 1.0, "step": 1}, {"loss": 1.0, "step": 4}]
    assert mean_loss(history) == pytest.approx((3 + 3 * 1) / 4)
    assert mean_loss([]) == 0.0
