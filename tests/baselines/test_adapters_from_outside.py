"""Adapters as other tools leave them: loaded as PEFT loads them, or refused in one line."""

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from command_line import lethe
from huggingface_hub import constants
from peft import IA3Config, LoHaConfig, LoraConfig, PeftModel, VeraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from small_build import stand_in_build
from tiny_models import save_llava
from transformers import AutoModelForImageTextToText

from lethebench.baselines.checkpoints.adapters import find_adapter, put_adapter, split_revision
from lethebench.baselines.checkpoints.source import find_source
from lethebench.baselines.loading import load_mixture, load_model
from lethebench.baselines.lumoe.gates import TrueTaskGate
from lethebench.baselines.lumoe.mixture import LUMoE
from lethebench.baselines.presets import LoraSettings
from lethebench.contract.errors import UserError

WEIGHTS = "adapter_model.safetensors"
TEXT_ONLY = r".*language_model.*\.(q_proj|v_proj)"
LORA = {"r": 2, "target_modules": ["q_proj", "v_proj"]}


def base_model(folder: Path):
    return AutoModelForImageTextToText.from_pretrained(folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


def save_adapter(base: Path, folder: Path, config=None, **options) -> Path:
    """Save an adapter with random weights for the base model."""
    model = get_peft_model(base_model(base), config or LoraConfig(r=2, target_modules=TEXT_ONLY))
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "magnitude" not in name:
            parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    model.save_pretrained(folder, **options)
    return folder


@pytest.fixture(scope="module")
def saved(base, tmp_path_factory):
    return save_adapter(base, tmp_path_factory.mktemp("adapters") / "lora")


@pytest.fixture
def adapter(saved, tmp_path) -> Path:
    """A copy of the saved adapter."""
    shutil.copytree(saved, tmp_path / "adapter")
    return tmp_path / "adapter"


def rename(folder: Path, change) -> None:
    """Rename the weights of an adapter; None leaves one out."""
    weights = {change(name): value for name, value in load_file(folder / WEIGHTS).items()}
    save_file({name: value for name, value in weights.items() if name}, folder / WEIGHTS)


def edit(folder: Path, **changes) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def same_state(first, second) -> bool:
    states = first.state_dict(), second.state_dict()
    return states[0].keys() == states[1].keys() and all(states[1][name].equal(states[0][name]) for name in states[0])


CONFIGS = {
    "all linear": LoraConfig(r=2, target_modules="all-linear"),
    "DoRA": LoraConfig(**LORA, use_dora=True),
    "saved head": LoraConfig(**LORA, modules_to_save=["lm_head"]),
    "embeddings adapted": LoraConfig(r=2, target_modules=["q_proj", "embed_tokens"]),
    "trainable tokens": LoraConfig(**LORA, trainable_token_indices=[5, 6]),
    "biases": LoraConfig(**LORA, bias="lora_only"),
    "PiSSA": LoraConfig(**LORA, init_lora_weights="pissa"),
    "ranks by pattern": LoraConfig(**LORA, rank_pattern={"v_proj": 4}),
    "IA3": IA3Config(target_modules=["k_proj"], feedforward_modules=[]),
    "LoHa": LoHaConfig(r=2, target_modules=["q_proj"]),
    "VeRA": VeraConfig(r=2, target_modules=["q_proj", "o_proj"]),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_adapter_equals_what_peft_loads(base, tmp_path, config):
    folder = save_adapter(base, tmp_path / "adapter", config)
    assert same_state(load_model(folder, trainable=False).model, PeftModel.from_pretrained(base_model(base), folder))


def old_names(name):
    """The names that adapters had before transformers 4.52."""
    return name.replace("base_model.model.model.language_model.", "base_model.model.language_model.model.")


def test_names_of_older_transformers_are_translated(base, saved, adapter):
    rename(adapter, old_names)
    assert same_state(load_model(adapter, trainable=False).model, load_model(saved, trainable=False).model)


def test_saved_embeddings_are_loaded(base, tmp_path):
    folder = save_adapter(base, tmp_path / "adapter", save_embedding_layers=True)
    weights = load_file(folder / WEIGHTS)
    (name,) = (name for name in weights if "embed_tokens" in name)
    weights[name] += 1
    save_file(weights, folder / WEIGHTS)
    model = load_model(folder).model
    assert torch.equal(model.get_input_embeddings().weight, weights[name])
    assert same_state(model, PeftModel.from_pretrained(base_model(base), folder))


def test_adapter_trains_further_only_if_asked(saved):
    trained = {name for name, value in load_model(saved).model.named_parameters() if value.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    assert not any(value.requires_grad for value in load_model(saved, trainable=False).model.parameters())


def cut(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:900])


def not_finite(folder):
    weights = load_file(folder / WEIGHTS)
    next(iter(weights.values()))[0, 0] = float("nan")
    save_file(weights, folder / WEIGHTS)


class Code:
    """Code that a pickle runs when it is loaded."""

    def __reduce__(self):
        return os.mkdir, (f"{os.environ['LETHE_TEST_MARK']}",)


def pickled(folder):
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(pickle.dumps({"weight": Code()}))


def names(old, new):
    return lambda folder: rename(folder, lambda name: name.replace(old, new))


def settings(**changes):
    return lambda folder: edit(folder, **changes)


def model_too(folder):
    (folder / "model.safetensors").write_bytes((folder / WEIGHTS).read_bytes())


FAULTS = {
    "of the language model alone": (names(".language_model.", "."), r"8 weights with no"),
    "FSDP": (names("model.model.", "model._fsdp_wrapped_module.model."), r"of FSDP"),
    "torch.compile": (names("model.model.", "model._orig_mod.model."), r"torch.compile"),
    "half of it": (lambda f: rename(f, lambda n: None if ".layers.1." in n else n), r"4 weights .* not in its files"),
    "a layer more": (
        lambda f: save_file(
            (w := load_file(f / WEIGHTS)) | {n.replace(".1.", ".7."): v.clone() for n, v in w.items()}, f / WEIGHTS
        ),
        r"4 weights with no place in the model",
    ),
    "other rank": (settings(r=8), r"lora_A.default.weight has shape \[2, 64\] in the file and \[8, 64\]"),
    "other modules": (settings(target_modules=["c_attn"]), r"c_attn"),
    "unknown type": (settings(peft_type="TELEPATHY"), r"TELEPATHY"),
    "config cut off": (lambda f: (f / "adapter_config.json").write_text("{"), r"adapter_config.json is not valid JSON"),
    "config a list": (lambda f: (f / "adapter_config.json").write_text("[]"), r"holds no JSON object"),
    "weights cut off": (cut, r"adapter_model.safetensors is damaged or incomplete"),
    "LFS pointer": (lambda f: (f / WEIGHTS).write_text("version https://git-lfs.github.com/spec\n"), r"git lfs pull"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), r"adapter_model.safetensors is missing"),
    "pickled code": (pickled, r"does not fit"),
    "NaN": (not_finite, r"1 tensor with NaN or infinite values \(base_model.*lora_A.weight\)"),
    "no base": (settings(base_model_name_or_path=None), r"names no base model; pass --model BASE --adapter"),
    "base elsewhere": (settings(base_model_name_or_path="/content/llava"), r"/content/llava does not exist here"),
    "base not cached": (settings(base_model_name_or_path="org/absent"), r"org/absent cannot be loaded"),
    "base itself": (lambda f: edit(f, base_model_name_or_path=str(f)), r"is an adapter itself"),
    "model too": (model_too, r"holds both a model and an adapter"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_damaged_adapter_is_refused_in_one_line(adapter, monkeypatch, tmp_path, spoil, message):
    monkeypatch.setenv("LETHE_TEST_MARK", str(tmp_path / "ran"))
    spoil(adapter)
    with pytest.raises(UserError, match=message) as refused:
        load_model(adapter)
    assert "\n" not in str(refused.value)
    assert str(adapter) in str(refused.value)
    assert not (tmp_path / "ran").exists()


def test_adapter_on_an_adapter_is_refused(saved, adapter):
    with pytest.raises(UserError, match="is an adapter itself"):
        load_model(saved, adapter)


def test_second_adapter_of_lumoe_is_checked_too(base, tmp_path):
    loaded = load_model(base)
    mixture = LUMoE(loaded.model, loaded.processor, gate=TrueTaskGate())
    for task in (0, 1):
        mixture.new_adapter(task, LoraSettings(rank=2, alpha=2))
    mixture.save_pretrained(tmp_path / "stage")
    load_mixture(tmp_path / "stage")
    folder = tmp_path / "stage" / "adapters" / "task1"
    rename(folder, lambda name: name.replace(".1.", ".9."))
    with pytest.raises(UserError, match="with no place in the model"):
        load_mixture(tmp_path / "stage")


def test_wrong_names_are_refused_on_a_peft_model(base, saved, adapter):
    rename(adapter, lambda name: None if ".layers.1." in name else name)
    model = put_adapter(base_model(base), saved, name="first")
    with pytest.raises(UserError, match=r"4 weights .* not in its files"):
        put_adapter(model, adapter, name="second")


@pytest.fixture
def cached(saved):
    """Put the adapter into the Hub's cache as me/adapter, on main and on v1."""
    root = Path(constants.HF_HUB_CACHE) / "models--me--adapter"
    for name, commit in (("main", "1" * 40), ("v1", "2" * 40)):
        shutil.copytree(saved, root / "snapshots" / commit)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / name).write_text(commit)
    rename(root / "snapshots" / ("2" * 40), lambda name: name)
    edit(root / "snapshots" / ("2" * 40), lora_alpha=64)
    yield "me/adapter"
    shutil.rmtree(root)


@pytest.mark.parametrize(("words", "alpha"), [("me/adapter", 8), ("me/adapter@v1", 64)])
def test_adapter_is_found_by_hub_id_and_revision(base, cached, words, alpha):
    for loaded in (load_model(words), load_model(base, words)):
        assert loaded.model.peft_config["default"].lora_alpha == alpha
        assert loaded.model.adapter_path == words
    assert find_source(words).base == str(base)


def test_evaluate_takes_adapters_by_hub_id(base, cached, saved, data, tmp_path):
    scores = {}
    for name, words in {
        "folder": ["--model", saved],
        "model": ["--model", cached],
        "adapter": ["--model", base, "--adapter", f"{cached}@main"],
    }.items():
        metrics = ["--split", "forget", "--sample", "2", "--metrics", "memorization"]
        done = lethe("evaluate", data, *words, *metrics, "--out", tmp_path / name)
        assert done.status == 0, done.error
        scores[name] = json.loads((tmp_path / name / "scores.json").read_text())["metrics"]
    assert scores["folder"] == scores["model"] == scores["adapter"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "me/absent"], "--model me/absent"),
        (["--model", "me/adapter@v9"], "--model me/adapter"),
        (["--model", "BASE", "--adapter", "me/absent"], "--adapter me/absent: not an adapter"),
        (["--model", "BASE", "--adapter", "NAMED"], "its folder default holds one, pass NAMED/default"),
        (["--model", "NAMED"], "pass NAMED/default"),
    ],
)
def test_evaluate_names_an_adapter_that_is_not_there(base, cached, adapter, data, tmp_path, words, message):
    shutil.copytree(adapter, tmp_path / "named" / "default")
    paths = {"BASE": str(base), "NAMED": str(tmp_path / "named")}
    done = lethe("evaluate", data, *(paths.get(word, word) for word in words), "--out", tmp_path / "out")
    assert (done.status, done.out) == (2, "")
    assert message.replace("NAMED", paths["NAMED"]) in done.line


def test_run_names_the_setting_for_a_revision(data, tmp_path):
    done = lethe("learn", data, "--model", "org/model@v1", "--out", tmp_path / "out")
    assert done.status == 2
    assert "pass --model org/model --set model.revision=v1" in done.line


def test_path_with_at_sign_has_no_revision(tmp_path):
    (tmp_path / "a@b").mkdir()
    assert split_revision(str(tmp_path / "a@b")) == (str(tmp_path / "a@b"), None)
    assert split_revision("org/model@v1") == ("org/model", "v1")
    assert find_adapter(os.fspath(tmp_path)) is None
