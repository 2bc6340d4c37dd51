"""Models from outside: all weights from the file, all of the file used, or one line; no code, no question."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from command_line import lethe
from safetensors.torch import load_file, save_file
from small_build import stand_in_build
from tiny_models import llava, save_llava
from transformers import LlamaConfig

from lethebench.baselines.checkpoints.files import check_finite
from lethebench.baselines.checkpoints.weights import load_weights
from lethebench.baselines.loading import load_model
from lethebench.contract import chat_template
from lethebench.contract.errors import UserError

WEIGHTS = "model.safetensors"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
EVIL = "import os\nopen(os.environ['LETHE_TEST_MARK'], 'w').close()\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("models") / "whole")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return stand_in_build(tmp_path_factory.mktemp("data") / "icu")


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """A copy of the saved model, by hard links: a test replaces the files that it changes."""
    shutil.copytree(saved, tmp_path / "model", copy_function=os.link)
    return tmp_path / "model"


def replace(path: Path, content: bytes | str):
    """Write a new file in place of a hard link."""
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def edit(path: Path, **changes):
    """Change fields of a JSON file; None removes one."""
    content = json.loads(path.read_text()) | changes
    replace(path, json.dumps({name: value for name, value in content.items() if value is not None}))


def rewrite(folder: Path, change):
    """Replace the weights by what `change` returns for them."""
    weights = {name: value.clone().contiguous() for name, value in change(load_file(folder / WEIGHTS)).items()}
    (folder / WEIGHTS).unlink()
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})


def without(part):
    return lambda folder: rewrite(folder, lambda all_: {k: v for k, v in all_.items() if part not in k})


def with_weight(name, value):
    return lambda folder: rewrite(folder, lambda all_: all_ | {name: value})


def renamed(change):
    return lambda folder: rewrite(folder, lambda all_: {change(name): value for name, value in all_.items()})


def with_value(value):
    def change(weights):
        weights["language_model.lm_head.weight"][3, 5] = value
        return weights

    return lambda folder: rewrite(folder, change)


def shards(folder: Path):
    """Save the weights in several files with an index."""
    model, _ = llava(dtype=torch.float32)
    (folder / WEIGHTS).unlink()
    model.save_pretrained(folder, max_shard_size="100KB")


def shard_gone(folder: Path):
    shards(folder)
    sorted(folder.glob("model-*"))[1].unlink()


def index_gone(folder: Path):
    shards(folder)
    (folder / "model.safetensors.index.json").unlink()


def index_leaves(folder: Path):
    shards(folder)
    replace(folder / "model.safetensors.index.json", json.dumps({"weight_map": {"a": "../../secret.safetensors"}}))


def pickled(folder: Path):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def quantized(method, **settings):
    return lambda folder: edit(folder / "config.json", quantization_config={"quant_method": method, **settings})


def token_added(folder: Path):
    content = json.loads((folder / "tokenizer.json").read_text())
    content["added_tokens"].append({**content["added_tokens"][-1], "id": 900, "content": "<new>"})
    replace(folder / "tokenizer.json", json.dumps(content))


def both(first, second):
    def change(folder: Path):
        first(folder)
        second(folder)

    return change


def removed(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    return lambda folder: replace(folder / name, (folder / name).read_bytes()[: (folder / name).stat().st_size // 2])


def text(name, content):
    return lambda folder: replace(folder / name, content)


def config(**changes):
    return lambda folder: edit(folder / "config.json", **changes)


def processor(**changes):
    return lambda folder: edit(folder / "processor_config.json", **changes)


def other_kind(folder: Path):
    replace(folder / "config.json", LlamaConfig(num_hidden_layers=1).to_json_string())


def one_layer(folder: Path):
    text_config = json.loads((folder / "config.json").read_text())["text_config"]
    edit(folder / "config.json", text_config=text_config | {"num_hidden_layers": 1})


def deep(folder: Path):
    text_config = json.loads((folder / "config.json").read_text())["text_config"]
    edit(folder / "config.json", text_config=text_config | {"num_hidden_layers": 10**9})


def one_integer(folder: Path):
    rewrite(folder, lambda all_: {k: v.view(torch.int32) if "model.norm." in k else v for k, v in all_.items()})


def template(content):
    return text("chat_template.jinja", content)


FAULTS = {
    "weight missing": (without("lm_head"), r"1 weight .* not in the files \(lm_head.weight\).*download"),
    "layer missing": (without("vision_tower.encoder.layers.1"), r"16 weights .* not in the files"),
    "projector missing": (without("multi_modal_projector"), r"4 weights .* not in the files"),
    "norm missing": (without("language_model.model.norm"), r"1 weight .* not in the files .*norm.weight"),
    "torch.compile": (renamed("_orig_mod.{}".format), r"prefix '_orig_mod.' of torch.compile"),
    "DDP": (renamed("module.{}".format), r"prefix 'module.' of DistributedDataParallel"),
    "FSDP": (renamed("_fsdp_wrapped_module.{}".format), r"prefix '_fsdp_wrapped_module.' of FSDP"),
    "weight too many": (with_weight("extra.w", torch.ones(2)), r"1 weight .* no place .*extra.w"),
    "layer too many": (one_layer, r"9 weights in the files with no place .*layers.1"),
    "other shape": (lambda f: rewrite(f, lambda w: {k: v[:-1] if "lm_head" in k else v for k, v in w.items()}),
                    r"1 weight with other shapes .*lm_head.weight: \[\d+, 64\] in the file"),
    "NaN": (with_value(float("nan")), r"1 tensor with NaN or infinite values \(lm_head.weight\)"),
    "infinite": (with_value(float("-inf")), r"1 tensor with NaN or infinite values \(lm_head.weight\)"),
    "overflow of float16": (both(config(dtype="float16"), with_value(1e9)), r"NaN or infinite .*bfloat16"),
    "cut off": (cut(WEIGHTS), r"model.safetensors is damaged or incomplete"),
    "empty file": (text(WEIGHTS, b""), r"model.safetensors is damaged or incomplete"),
    "LFS pointer": (text(WEIGHTS, POINTER), r"model.safetensors is a Git LFS pointer .*git lfs pull"),
    "LFS config": (text("config.json", POINTER), r"config.json is a Git LFS pointer"),
    "shard missing": (shard_gone, r"1 of \d+ weight files are missing \(model-00002-of"),
    "index missing": (index_gone, r"model.safetensors.index.json are missing beside model-00001"),
    "index leaves the folder": (index_leaves, r"names a file outside its folder"),
    "pickled": (pickled, r"pickled .*convert them with .*use_safetensors=False"),
    "GGUF": (lambda f: (f / WEIGHTS).rename(f / "model.gguf"), r"weights are in GGUF"),
    "no weights": (removed(WEIGHTS), r"model.safetensors is missing"),
    "config of a large model": (
        config(text_config={"model_type": "llama"}), r"config.json describes [\d,]{13} weights, and the files hold"
    ),
    "a billion layers": (deep, r"config.json has 1000000000 layers, and the files \d+ tensors"),
    "one weight of integers": (one_integer, r"language_model.model.norm.weight of type I32"),
    "packed types": (lambda f: rewrite(f, lambda w: {k: v.to(torch.int8) for k, v in w.items()}), r"type I8.*quantiz"),
    "bitsandbytes": (quantized("bitsandbytes", load_in_4bit=True), r"bitsandbytes"),
    "AWQ": (quantized("awq", bits=4, group_size=128), r"pip install"),
    "GPTQ": (quantized("gptq", bits=4), r"pip install"),
    "unknown quantization": (quantized("abacus"), r"abacus"),
    "config missing": (removed("config.json"), r"config.json is missing"),
    "config cut off": (cut("config.json"), r"config.json is not valid JSON"),
    "config a list": (text("config.json", "[]"), r"config.json holds no JSON object"),
    "config value of another type": (config(vision_config=7), r"cannot be loaded as a vision-language model"),
    "unknown dtype": (config(dtype="float99"), r"cannot be loaded as a vision-language model"),
    "unknown model_type": (config(model_type="kraken"), r"no model_type 'kraken'"),
    "no model_type": (config(model_type=None), r"cannot be loaded as a vision-language model"),
    "text model": (other_kind, r"AutoModelForImageTextToText has no model_type 'llama'"),
    "no tokenizer": (both(removed("tokenizer.json"), removed("tokenizer_config.json")), r"processor of"),
    "tokenizer cut off": (cut("tokenizer.json"), r"processor of"),
    "processor a list": (text("processor_config.json", "[]"), r"processor of"),
    "tokenizer larger": (token_added, r"tokens that the embedding of \d+ rows lacks \(first '<new>', id"),
    "other image token": (config(image_token_index=3), r"marks images with token 4 and config.json with token 3"),
    "patch_size nowhere": (
        both(processor(patch_size=None), config(vision_config={"model_type": "pixtral", "patch_size": None})),
        r"patch_size",
    ),
    "template with an error": (template("{{ nothing.at.all }}"), r"chat template of .* fails: "),
    "template that is cut off": (template("{% for m in messages %}"), r"chat template of .* fails: "),
    "template that raises": (template("{{ raise_exception('no pictures') }}"), r"chat template .* fails: no pictures"),
    "template out of its sandbox": (template("{{ ''.__class__.__mro__ }}"), r"chat template .* fails: .*unsafe"),
    "template that never ends": (
        template("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
        r"does not end within",
    ),
    "named templates without default": (
        both(removed("chat_template.jinja"), text("chat_template.json", '{"chat_template": {"tool": "x"}}')),
        r"chat template of",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_damaged_model_is_refused_in_one_line(folder, monkeypatch, spoil, message):
    monkeypatch.setattr(chat_template, "TEMPLATE_SECONDS", 0.3)
    spoil(folder)
    with pytest.raises(UserError, match=message) as refused:
        load_model(folder)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith((str(folder), f"the processor of {folder}", f"the chat template of {folder}"))


def to_tokenizer(folder: Path):
    edit(folder / "tokenizer_config.json", chat_template=(folder / "chat_template.jinja").read_text())
    (folder / "chat_template.jinja").unlink()


UNUSUAL = {
    "several files": shards,
    "template in the tokenizer": to_tokenizer,
    "template in chat_template.json": lambda f: (
        text("chat_template.json", json.dumps({"chat_template": (f / "chat_template.jinja").read_text()}))(f),
        (f / "chat_template.jinja").unlink(),
    ),
    "no patch_size": processor(patch_size=None, vision_feature_select_strategy=None, num_additional_image_tokens=None),
    "code that is not needed": both(
        config(auto_map={"AutoModelForImageTextToText": "evil.X", "AutoConfig": "evil.X"}), text("evil.py", EVIL)
    ),
    "no generation config": removed("generation_config.json"),
    "old position ids": lambda f: rewrite(
        f, lambda w: w | {"vision_tower.embeddings.position_ids": torch.arange(5)[None]}
    ),
}


@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_layout_loads_the_same_model(folder, saved, change):
    whole = load_model(saved)
    change(folder)
    loaded = load_model(folder)
    assert all(torch.equal(value, whole.model.state_dict()[name]) for name, value in loaded.model.state_dict().items())
    assert loaded.processor.chat_template == whole.processor.chat_template
    for name in ("patch_size", "vision_feature_select_strategy", "num_additional_image_tokens"):
        assert getattr(loaded.processor, name) == getattr(whole.processor, name)


def test_tied_head_may_be_absent(tmp_path):
    model, processor = llava(dtype=torch.float32)
    model.config.text_config.tie_word_embeddings = model.config.tie_word_embeddings = True
    model.tie_weights()
    for part in (model, processor):
        part.save_pretrained(tmp_path)
    assert not any("lm_head" in name for name in load_file(tmp_path / WEIGHTS))
    loaded = load_model(tmp_path).model
    assert torch.equal(loaded.lm_head.weight, loaded.get_input_embeddings().weight)


def evil_config(folder: Path):
    edit(folder / "config.json", model_type="internvl_chat", auto_map={"AutoConfig": "evil.X"})


def evil_processor(folder: Path):
    edit(folder / "processor_config.json", processor_class="Evil", auto_map={"AutoProcessor": "evil.X"})


def evil_tokenizer(folder: Path):
    edit(folder / "tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.X", "evil.X"]})


def evil_generate(folder: Path):
    (folder / "custom_generate").mkdir()
    replace(folder / "custom_generate" / "generate.py", EVIL)


@pytest.mark.parametrize("change", [evil_config, evil_processor, evil_tokenizer, evil_generate])
def test_code_of_a_model_never_runs(folder, tmp_path, monkeypatch, change):
    def answer(prompt=""):
        raise AssertionError(f"asked on the terminal: {prompt}")

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setenv("LETHE_TEST_MARK", str(tmp_path / "ran"))
    replace(folder / "evil.py", EVIL)
    change(folder)
    with suppress(UserError):
        load_model(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("command", ["evaluate", "learn", "run"])
def test_commands_refuse_a_model_that_lacks_weights(folder, data, tmp_path, command):
    without("lm_head")(folder)
    done = lethe(command, data, "--model", folder, "--out", tmp_path / "out", *_quick(command))
    assert (done.status, done.out) == (2, "")
    assert "1 weight of LlavaForConditionalGeneration not in the files (lm_head.weight)" in done.line
    assert not list(tmp_path.glob("out/**/*.parquet"))


def _quick(command):
    return ["--sample", "2"] if command == "evaluate" else ["--method", "ga"] if command == "run" else []


@pytest.mark.parametrize("command", ["evaluate", "learn", "run"])
def test_commands_refuse_damaged_files_before_they_write(folder, data, tmp_path, command):
    cut(WEIGHTS)(folder)
    done = lethe(command, data, "--model", folder, "--out", tmp_path / "out", *_quick(command))
    assert (done.status, done.out) == (2, "")
    assert f"{folder}/model.safetensors is damaged or incomplete" in done.line
    assert not (tmp_path / "out").exists()


def test_file_in_place_of_a_folder_is_refused(folder, data, tmp_path):
    done = lethe("evaluate", data, "--model", folder / WEIGHTS, "--out", tmp_path / "out")
    assert done.status == 2
    assert "a file; pass the folder that holds it" in done.line


def test_checkpoint_of_training_is_checked_too(folder):
    without("lm_head")(folder)
    model, _ = llava(dtype=torch.float32)
    with pytest.raises(UserError, match="not in the files"):
        load_weights(type(model), str(folder))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_finite_check_knows_finite_from_not(dtype):
    largest = (
        torch.ones(64, 64, dtype=dtype) * torch.finfo(dtype).max if dtype.itemsize > 1 else torch.ones(64, 64).to(dtype)
    )
    check_finite({"largest": largest, "integers": torch.ones(3, dtype=torch.int64)}, "a model")
    for value in (float("nan"), float("inf"), -float("inf")):
        if dtype == torch.float8_e4m3fn and value == value:
            continue  # this type has no infinity
        broken = largest.float().to(torch.float64)
        broken[5, 7] = value
        with pytest.raises(UserError, match=r"a model: 1 tensor .*\(broken\)"):
            check_finite({"largest": largest, "broken": broken.to(dtype)}, "a model")
