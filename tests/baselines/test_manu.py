"""MANU: its four importances by hand, which neurons go, and what pruning leaves of the model."""

import copy
import math

import baselines_support as support
import pytest
import torch

from lethebench.baselines.methods.manu import (
    EPSILON,
    MANUConfig,
    _activations,
    combined,
    importances,
    manu_prune,
    prune,
)
from lethebench.baselines.trainer.rows import RowEncoder

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 6))


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


def test_the_four_importances_by_hand():
    with_picture = [[1.0, 0.0, 2.0], [3.0, 0.5, 2.0]]
    without = [[1.0, 4.0, 2.0], [1.0, 0.0, 2.0]]
    result = importances(torch.tensor(with_picture), torch.tensor(without))
    threshold = (8.5 / 6 + 10 / 6) / 2
    for k in range(3):
        m, t = [row[k] for row in with_picture], [row[k] for row in without]
        mean_m, mean_t = sum(m) / 2, sum(t) / 2
        count_m, count_t = sum(v > threshold for v in m), sum(v > threshold for v in t)
        variance = sum((v - mean_m) ** 2 for v in m) / 2 + sum((v - mean_t) ** 2 for v in t) / 2
        gap = sum((a - b) ** 2 for a, b in zip(m, t, strict=True))
        expected = [
            abs(mean_m - mean_t) / (mean_m + mean_t + EPSILON),
            abs(count_m - count_t) / (count_m + count_t + EPSILON),
            math.sqrt(variance),
            math.sqrt(gap / (sum(v * v for v in m + t) + EPSILON)),
        ]
        assert result[:, k].tolist() == pytest.approx(expected, abs=1e-6)


def test_importances_are_joined_by_their_mean_rank():
    parts = torch.tensor([[0.0, 9.0, 5.0], [1.0, 1.0, 2.0], [3.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    assert combined(parts).tolist() == pytest.approx(
        [(0 + 0.25 + 1 + 0.5) / 4, (1 + 0.25 + 0.5 + 0.5) / 4, (0.5 + 1 + 0 + 0.5) / 4]
    )


def test_pruning_takes_the_highest_scores_over_all_layers():
    layers = {"a": torch.nn.Linear(4, 2), "b": torch.nn.Linear(6, 2)}
    before = {name: layer.weight.detach().clone() for name, layer in layers.items()}
    scores = {"a": torch.tensor([0.1, 0.9, 0.2, 0.3]), "b": torch.tensor([0.8, 0.0, 0.0, 0.7, 0.0, 0.0])}
    assert prune(layers, scores, 0.3) == ({"a": [1], "b": [0, 3]}, 10)
    for name, gone in (("a", [1]), ("b", [0, 3])):
        remaining = [k for k in range(layers[name].in_features) if k not in gone]
        assert (layers[name].weight[:, gone] == 0).all()
        assert torch.equal(layers[name].weight[:, remaining], before[name][:, remaining])


@pytest.mark.parametrize("architecture", ["llava", "idefics3"])
def test_batched_activations_equal_single_rows(tiny, architecture):
    model, processor = (tiny.model, tiny.processor) if architecture == "llava" else support.idefics3()
    layers = {n: m for n, m in model.named_modules() if n.endswith(("down_proj", "fc2")) and "connector" not in n}
    encoder = RowEncoder(processor)
    rows = [row for row in support.rows() if row["images"]][:4]
    together = _activations(model, layers, encoder, rows)
    assert len(together) == len(layers) == 3
    for index, row in enumerate(rows):
        for name, value in _activations(model, layers, encoder, [row]).items():
            torch.testing.assert_close(together[name][index], value[0], rtol=1e-4, atol=1e-5)


def test_manu_prunes_share_in_both_towers(tiny):
    model = copy.deepcopy(tiny.model)
    before = support.weights_of(model)
    pruned = manu_prune(model, tiny.processor, FORGET, RETAIN, config=MANUConfig(share=0.1))
    assert pruned.total == 48 + 2 * 96
    assert sum(map(len, pruned.neurons.values())) == 24
    assert any("vision" in name for name in pruned.neurons)
    assert any("language" in name for name in pruned.neurons)
    for name, value in model.named_parameters():
        gone = pruned.neurons.get(name.removesuffix(".weight"), []) if name.endswith("weight") else []
        expected = before[name].clone()
        if gone:
            expected[:, gone] = 0
        assert torch.equal(value, expected), name
    reloaded = copy.deepcopy(tiny.model)
    assert manu_prune(reloaded, tiny.processor, FORGET, RETAIN, config=MANUConfig(share=0.1)) == pruned


def test_pictures_decide_which_neurons_go(tiny):
    swapped = [{**row, "images": [support.page(5)]} if row["images"] else row for row in FORGET]
    result = [
        manu_prune(copy.deepcopy(tiny.model), tiny.processor, rows, RETAIN, config=MANUConfig(share=0.1)).neurons
        for rows in (FORGET, swapped)
    ]
    assert result[0] != result[1]


def test_bad_input_is_refused(tiny):
    texts = [row for row in FORGET if not row["images"]]
    with pytest.raises(ValueError, match="no forget row with a picture"):
        manu_prune(tiny.model, tiny.processor, texts, RETAIN)
    for retain in (None, [], texts):
        with pytest.raises(ValueError, match="no retain row with a picture"):
            manu_prune(tiny.model, tiny.processor, FORGET, retain)
    with pytest.raises(ValueError, match="share is 3"):
        MANUConfig(share=3)
    with pytest.raises(ValueError, match="no MLP"):
        manu_prune(torch.nn.Linear(2, 2), tiny.processor, FORGET, RETAIN)
