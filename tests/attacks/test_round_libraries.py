"""Rounding by libraries: what they do to weights, and that they are run only where they are chosen."""

import json
import types

import pytest
import torch
from attack_context import attack_context, untrained
from attacked_run import attacked_run, marked_scores
from command_line import lethe
from torch import nn

from lethebench.attacks import round as rounding
from lethebench.attacks.context import Context
from lethebench.attacks.registry import ATTACKS, chosen_attacks

LIBRARIES = [entry.name for entry in ATTACKS.values() if entry.library]


def linear_weights(model) -> dict[str, torch.Tensor]:
    return {name: layer.weight.detach() for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}


def rounded_models(name: str, tmp_path, monkeypatch) -> dict[str, nn.Module]:
    """Return variant -> the model that is scored."""
    models = []
    monkeypatch.setattr(Context, "score", lambda self, loaded, rows, name: models.append(loaded.model) or [])
    context = attack_context(tmp_path)
    names = [attempt.variant for attempt in ATTACKS[name].load().run(untrained(), context.rows, context)]
    return dict(zip(names, models, strict=True))


def test_torchao_rounds_as_its_own_command_does(tmp_path, monkeypatch):
    torchao = pytest.importorskip("torchao.quantization", reason="torchao is not installed", exc_type=ImportError)
    models = rounded_models("round-torchao", tmp_path, monkeypatch)
    for bits in (8, 4):
        other = untrained().model
        kind = getattr(torch, f"int{bits}")
        torchao.quantize_(other, torchao.IntxWeightOnlyConfig(weight_dtype=kind, granularity=torchao.PerGroup(32)))
        ids = torch.arange(5, 20)[None]
        with torch.no_grad():
            logits = [model.eval()(input_ids=ids).logits for model in (models[f"{bits} bits"], other)]
        torch.testing.assert_close(*logits, rtol=1e-4, atol=1e-4)
        before = linear_weights(untrained().model)
        steps = [len(after[0, :32].unique()) for after in linear_weights(models[f"{bits} bits"]).values()]
        assert max(steps) <= min(32, 2**bits)
        assert any((before[name] != after).any() for name, after in linear_weights(models["8 bits"]).items())


@pytest.mark.parametrize("columns", [32, 45, 16])
def test_torchao_rounds_rows_of_any_length(columns):
    pytest.importorskip("torchao", reason="torchao is not installed", exc_type=ImportError)
    weights = torch.randn(6, columns, generator=torch.Generator().manual_seed(0))
    for bits in (8, 4):
        step = weights.abs().amax(dim=1, keepdim=True) / (2 ** (bits - 1) - 1)
        assert ((rounding.by_torchao(weights, bits) - weights).abs() <= step / 2 + 1e-4).all()


def test_bitsandbytes_rounds_to_its_levels(tmp_path, monkeypatch):
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed", exc_type=ImportError)
    models = rounded_models("round-bitsandbytes", tmp_path, monkeypatch)
    before = linear_weights(untrained().model)
    for name, after in linear_weights(models["4 bits"]).items():
        assert len((after.flatten()[:64]).unique()) <= 16
        assert (after - before[name]).abs().max() < 0.2 * before[name].abs().max()
    for name, after in linear_weights(models["8 bits"]).items():
        step = before[name].abs().amax(dim=1, keepdim=True) / 127
        assert ((after - before[name]).abs() <= step).all()


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_is_installed_does_not_decide_what_is_run(name):
    assert ATTACKS[name].library
    assert name not in [entry.name for entry in chosen_attacks(())]
    assert name in [entry.name for entry in chosen_attacks([name])]


def test_absent_library_is_named_and_not_zero(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    monkeypatch.setattr("lethebench.attacks.command.find_spec", lambda name: None)
    run = attacked_run(tmp_path)
    done = lethe("attack", run, "--attacks", "round-torchao")
    assert "left out: round-torchao: torchao is not installed: pip install torchao" in done.error
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    assert list(stage["models"]["ga"]["recovery"]) == ["none"]


def test_result_records_the_version_of_the_library(tmp_path, monkeypatch):
    marked_scores(monkeypatch)
    monkeypatch.setattr("lethebench.attacks.command.find_spec", lambda name: types)
    monkeypatch.setattr("lethebench.attacks.command.version", lambda name: number)
    monkeypatch.setattr(rounding, "by_torchao", lambda weights, bits: weights)
    run = attacked_run(tmp_path)
    path = run / "attacks/round-torchao/ga/t002/result.json"
    for number in ("0.17.0", "0.18.0"):
        assert lethe("attack", run, "--attacks", "round-torchao").status == 0
        assert json.loads(path.read_text())["key"]["library"] == f"torchao {number}"
    (stage,) = json.loads((run / "attacks/summary.json").read_text())["stages"].values()
    assert {one["name"] for one in stage["series"]} == {"none", "round-torchao: 8 bits", "round-torchao: 4 bits"}
