"""Presets: the built-in files, a user's own file, and which preset a model gets."""

from dataclasses import fields, replace

import baselines_support as support
import pytest
from trl import SFTConfig

from lethebench.baselines import method_entry
from lethebench.baselines.presets import PRESETS, LoraSettings, load_preset, read_preset

OWN = """
source: mine
lora: {rank: 4, alpha: 8, target_modules: [q_proj, v_proj]}
shared: {learning_rate: 1e-4, bf16: false}
learn: {max_steps: 3}
methods:
  npo: {beta: 0.2}
model: {dtype: bfloat16}
"""


@pytest.mark.parametrize("name", list(PRESETS))
def test_preset_file_makes_every_config(name, tmp_path):
    preset = PRESETS[name]
    SFTConfig(output_dir=str(tmp_path), **{**preset.learn_arguments(), "bf16": False})
    for method in support.TRAINERS:
        arguments = {**preset.method_arguments(method), "bf16": False}
        config = method_entry(method).load().config_class(output_dir=str(tmp_path), **arguments)
        assert config.learning_rate == arguments["learning_rate"]
    if preset.lora:
        assert preset.lora.peft_config().r == preset.lora.rank
    assert preset.source
    assert preset.trained()


def test_preset_is_found_by_name_model_and_default():
    assert load_preset(None, "tiny").name == "tiny"
    assert load_preset(None, "llava-hf/llava-1.5-7b-hf").name == "mllmu-llava"
    assert load_preset(None, "somebody/else").name == "mllmu-llava"
    assert load_preset("mlu-llava", "somebody/else").lora == LoraSettings(rank=32, alpha=32, dropout=0.3)


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        ("mlu-lava", "somebody/else", "did you mean 'mlu-llava'"),
        ("no", "tiny", "unknown preset 'no'; give a YAML file or one of icu-llava"),
        ("tiny", "somebody/else", "does not fit"),
        ("mlu-llava", "tiny", "does not fit"),
        ("absent.yaml", "somebody/else", "absent.yaml: No such file"),
    ],
)
def test_unfit_preset_is_refused(name, model, message):
    with pytest.raises(ValueError, match=message):
        load_preset(name, model)


def test_own_preset_file_is_read(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(OWN)
    preset = load_preset(str(path), "somebody/else")
    assert preset.name == str(path)
    assert preset.learn_arguments() == {"learning_rate": 1e-4, "bf16": False, "max_steps": 3}
    assert preset.method_arguments("npo") == {"learning_rate": 1e-4, "bf16": False, "beta": 0.2}
    assert preset.lora == LoraSettings(4, 8, target_modules=["q_proj", "v_proj"])
    assert preset.lora.peft_config().target_modules == {"q_proj", "v_proj"}
    assert preset.model == {"dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate: 1.0", "unknown key 'learning_rate'"),
        ("learn: 5", "learn must be a mapping, not 5"),
        ("frozen: 5", "frozen must be text, not 5"),
        ("frozen: '('", "frozen is '\\(', which is not a regular expression"),
        ("lora: {alpha: 8}", "lora has no rank"),
        ("lora: {rank: 8, alpha: 8, r: 4}", "lora: unknown key 'r'"),
        ("lora: {rank: 2.5, alpha: 8}", "LoRA rank is 2.5; it must be a whole number"),
        ("lora: {rank: 0, alpha: 8}", "LoRA rank is 0; it must be a whole number from 1 to 1,000,000"),
        ("lora: {rank: 8, alpha: 8, dropout: 1}", "below 1"),
        ("methods: {npo: 3}", "npo must be a mapping, not 3"),
        ("learn: {}\nlearn: {}", "given twice"),
        ("learn: &a {}\nunlearn: *a", "anchors"),
        ("- 1", "mapping"),
    ],
)
def test_invalid_preset_file_is_refused_in_one_line(text, message, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_preset(path, "my")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


ODD = ("null", "true", "-1", "1e308", "9" * 400, "0.5", "''", "x", "[]", "[x]", "[null]", "[[x]]", "{}", "{x: 1}")
VALID = {"alpha": (), "rank": (), "dropout": ("0.5",), "target_modules": ("x", "[x]")}


@pytest.mark.parametrize("name", VALID)
def test_odd_lora_values_are_refused_in_one_line(name, tmp_path):
    path = tmp_path / "my.yaml"
    for value in set(ODD) - set(VALID[name]):
        path.write_text(
            "lora:\n  "
            + "\n  ".join(f"{key}: {text}" for key, text in ({"rank": 2, "alpha": 2} | {name: value}).items())
        )
        with pytest.raises(ValueError, match=f"my.yaml: LoRA {name} is ") as caught:
            read_preset(path, "my")
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < len(str(path)) + 150


def test_own_preset_of_a_model_prefers_the_default():
    shared = [preset for preset in PRESETS.values() if preset.base_model == PRESETS["icu-llava"].base_model]
    assert len(shared) == 2
    first, second = (replace(preset, name="", source="", methods={}) for preset in shared)
    assert all(getattr(first, one.name) == getattr(second, one.name) for one in fields(first))
