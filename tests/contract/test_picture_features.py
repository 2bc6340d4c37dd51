"""Features kept of a frozen tower: equal to running it, dependent on weights and picture alone, bounded."""

import baselines_support as support
import pytest
import torch
from peft import LoraConfig, get_peft_model

from lethebench.contract.picture_features import FeatureCache, cached_picture_features


@pytest.fixture
def model():
    return support.tiny().model.train()


def pictures(count=6, seed=0):
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def features(model, pixels, cache):
    with cached_picture_features(model, cache):
        return torch.stack(model.get_image_features(pixels).pooler_output)


@pytest.fixture
def tower_runs(monkeypatch):
    """The number of pictures of each run of the tower's patch embedding."""
    sizes = []
    patches = torch.nn.Conv2d.forward

    def counted(self, pixels):
        sizes.append(len(pixels))
        return patches(self, pixels)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", counted)
    return sizes


def test_features_equal_the_towers_own(model):
    pixels, cache = pictures(), FeatureCache()
    plain = torch.stack(model.get_image_features(pixels).pooler_output)
    torch.testing.assert_close(features(model, pixels, cache), plain, atol=1e-6, rtol=1e-6)


def test_bits_depend_on_picture_and_weights_alone(model):
    pixels, cache = pictures(), FeatureCache()
    cold = features(model, pixels, cache)
    assert torch.equal(features(model, pixels, cache), cold)
    assert torch.equal(features(model, pixels.flip(0), cache).flip(0), cold)
    assert torch.equal(features(model, pixels, FeatureCache(limit_bytes=0)), cold)


def test_gradients_are_the_same_with_and_without_kept_features(model):
    pixels, cache = pictures(), FeatureCache()

    def gradients(cache):
        model.zero_grad()
        features(model, pixels, cache).square().sum().backward()
        return [value.grad.clone() for value in model.parameters() if value.grad is not None]

    first, kept, none = gradients(cache), gradients(cache), gradients(FeatureCache(limit_bytes=0))
    assert first
    assert all(map(torch.equal, first, kept))
    assert all(map(torch.equal, first, none))


def test_tower_runs_once_per_picture(model, tower_runs):
    pixels, cache = pictures(), FeatureCache()
    features(model, torch.cat([pixels, pixels[:2]]), cache)
    features(model.eval(), pixels, cache)
    assert tower_runs == [1] * len(pixels)
    assert "forward" not in vars(model.model.vision_tower)


def test_changed_weights_get_new_features(model):
    pixels, cache = pictures(), FeatureCache()
    before = features(model, pixels, cache)
    with torch.no_grad():
        model.model.vision_tower.encoder.layers[0].mlp.fc2.weight[:, 0] = 0  # as MANU prunes
    after = features(model, pixels, cache)
    assert not torch.equal(before, after)
    assert torch.equal(after, features(model, pixels, FeatureCache()))


def test_same_weights_share_features_between_models(model, tower_runs):
    pixels, cache = pictures(), FeatureCache()
    features(model, pixels, cache)
    del tower_runs[:]
    other = support.tiny().model
    assert torch.equal(features(other, pixels, cache), features(model, pixels, cache))
    assert tower_runs == []


def with_trained_tower(model):
    model.model.vision_tower.post_layernorm.weight.requires_grad_(True)


def with_dropout(model):
    model.model.vision_tower.config.attention_dropout = 0.1


def with_hook(model):
    model.model.vision_tower.encoder.layers[0].register_forward_hook(lambda *_: None)


def with_adapter(model):
    get_peft_model(model, LoraConfig(target_modules=["fc1"]))


def with_other_class(model):
    linear = model.model.vision_tower.encoder.layers[0].mlp.fc1
    linear.__class__ = type("OtherLinear", (torch.nn.Linear,), {})


@pytest.mark.parametrize("change", [with_trained_tower, with_dropout, with_hook, with_adapter, with_other_class])
def test_changed_towers_run_as_they_are(model, tower_runs, change):
    change(model)
    pixels, cache = pictures(), FeatureCache()
    for _ in range(2):
        features(model, pixels, cache)
    assert tower_runs == [len(pixels)] * 2
    assert cache.used_bytes == 0


def test_trained_towers_keep_features_without_gradients(model, tower_runs):
    with_trained_tower(model)
    pixels, cache = pictures(), FeatureCache()
    with torch.no_grad():
        features(model, pixels, cache)
        features(model, pixels, cache)
    assert tower_runs == [1] * len(pixels)


def test_several_layers_and_other_options_run_as_they_are(model, tower_runs):
    pixels, cache = pictures(), FeatureCache()
    with cached_picture_features(model, cache):
        outputs = model.get_image_features(pixels, output_hidden_states=True)
    assert len(outputs.hidden_states) == 2
    assert tower_runs == [len(pixels)]


def test_memory_is_bounded_and_other_towers_are_dropped_first(model):
    one = FeatureCache()
    features(model, pictures(1), one)
    cache = FeatureCache(limit_bytes=4 * one.used_bytes)
    features(model, pictures(6), cache)
    assert cache.used_bytes == 4 * one.used_bytes
    other = support.tiny(seed=1).model
    features(other, pictures(2, seed=1), cache)
    assert cache.used_bytes == 2 * one.used_bytes
