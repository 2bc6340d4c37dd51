"""RMU: its loss in closed form, one step against the same step written by hand, what it trains, what it forgets."""

import copy

import baselines_support as support
import pytest
import torch

from lethebench.baselines import RMUConfig, RMUTrainer
from lethebench.baselines.methods.rmu import random_direction, squared_distance

FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 4))
RATE = 0.05
DOWN = "model.language_model.layers.{}.mlp.down_proj.weight"


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


def states(model, collate, rows, layer):
    """Per row the (|y|, D) states of a layer at the positions that predict its answer's tokens; one row at a time."""
    result = []
    for row in rows:
        batch = {name: value for name, value in collate([row]).items() if name != "row_has_picture"}
        predicts = (batch.pop("labels")[0, 1:] != -100).nonzero().flatten()
        result.append(model(**batch, output_hidden_states=True).hidden_states[layer][0, predicts])
    return result


def test_squared_distance_equals_closed_form():
    mask = torch.tensor([[True, False], [True, True]])
    hidden = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]])
    assert squared_distance(hidden, torch.zeros(3, 2), mask) == (25 + (1 + 4) / 2) / 2
    assert squared_distance(hidden, hidden, mask) == 0


def test_direction_is_a_seeded_unit_vector():
    vector = random_direction(64, 3)
    assert vector.norm() == pytest.approx(1)
    assert (vector >= 0).all()
    assert torch.equal(vector, random_direction(64, 3))
    assert not torch.equal(vector, random_direction(64, 4))


@pytest.mark.parametrize("layer", [1, 2])
def test_steps_equal_steps_by_hand(tiny, tmp_path, layer):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    settings = {**support.SGD, "learning_rate": RATE, "per_device_train_batch_size": 16, "num_train_epochs": 2}
    options = {"layer": layer, "steering": 2.0, "retain_weight": 3.0, "trained": "language_model.*down_proj"}
    stage = support.stage("rmu", model, tiny.processor, tmp_path, FORGET, RETAIN, **settings, **options)
    twin, collate = copy.deepcopy(tiny.model).eval(), support.collator(tiny.processor)
    for name, parameter in twin.named_parameters():
        parameter.requires_grad_("language_model" in name and "down_proj" in name)
    target = 2.0 * random_direction(32, stage.args.seed)
    with torch.no_grad():
        initial = states(twin, collate, RETAIN, layer)

    def loss():
        forget, retain = (states(twin, collate, rows, layer) for rows in (FORGET, RETAIN))
        steer = sum((row - target).square().sum() / len(row) for row in forget) / len(forget)
        pairs = zip(retain, initial, strict=True)
        return steer + 3.0 * sum((row - before).square().sum() / len(row) for row, before in pairs) / len(retain)

    stage.train()
    for _ in range(2):
        changes = support.plain_step(twin, loss, RATE)
        with torch.no_grad():
            for name, change in changes.items():
                twin.get_parameter(name).add_(change)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter, twin.get_parameter(name), atol=2e-5, rtol=1e-4)
    assert not torch.equal(model.get_parameter(DOWN.format(0)), tiny.model.get_parameter(DOWN.format(0)))


@pytest.mark.parametrize(("layer", "layers"), [(1, {0}), (2, {0, 1})])
def test_only_down_projections_move(tiny, tmp_path, layer, layers):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    before = support.weights_of(model)
    stage = support.stage("rmu", model, tiny.processor, tmp_path, FORGET, RETAIN, layer=layer)
    stage.train()
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {DOWN.format(index) for index in layers}
    assert stage.initial_weights is None


def test_default_layers_are_the_steered_one_and_two_before(tmp_path):
    config = RMUConfig(output_dir=str(tmp_path), bf16=False)
    assert r"layers\.(4|5|6)\.mlp" in RMUTrainer.trained_parameters(config)


def test_forget_rows_are_steered_and_retain_rows_kept(tiny, tmp_path):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    collate = support.collator(tiny.processor)
    settings = {"layer": 2, "steering": 5.0, "retain_weight": 10.0, "num_train_epochs": 60, "learning_rate": 1e-2}
    stage = support.stage("rmu", model, tiny.processor, tmp_path, FORGET, RETAIN, **settings)
    target = 5.0 * random_direction(32, stage.args.seed)

    def outputs(rows):
        with torch.no_grad():
            return torch.cat(states(model, collate, rows, 2))

    def similarity():
        return torch.cosine_similarity(outputs(FORGET), target, dim=-1).mean().item()

    before, retain = similarity(), outputs(RETAIN)
    stage.train()
    assert similarity() > before + 0.3
    assert (outputs(RETAIN) - retain).norm() < 0.2 * retain.norm()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"layer": 0}, "layer is 0: layers count from 1"),
        ({"steering": 0.0}, "steering is 0.0: RMU needs a positive"),
        ({"steering": float("inf")}, "steering is inf"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, settings, reason):
    with pytest.raises(ValueError, match=reason):
        RMUConfig(output_dir=str(tmp_path), bf16=False, **settings)


def test_layer_must_exist(tiny, tmp_path):
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    with pytest.raises(ValueError, match=r"no trained parameter of .* matches"):
        support.stage("rmu", model, tiny.processor, tmp_path, FORGET, RETAIN, layer=9)
    stage = support.stage("rmu", model, tiny.processor, tmp_path, FORGET, RETAIN, layer=9, trained="down_proj")
    with pytest.raises(ValueError, match="layer is 9: the language model has layers 1 to 2"):
        stage.train()
