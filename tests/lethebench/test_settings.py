"""A user's settings: what is refused before any work, and that they reach the model, the adapter and the trainer."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from command_line import lethe
from datasets import Dataset
from peft import get_peft_model
from sealed_run import reseal
from small_build import stand_in_build
from tiny_models import qa_rows, save_llava

from lethebench.baselines import loading
from lethebench.baselines.learn import learn_config
from lethebench.baselines.presets import PRESETS, Preset, load_preset
from lethebench.baselines.stage import Stage
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.checks import check_options
from lethebench.runs.commands import options_of
from lethebench.runs.continual import start
from lethebench.runs.folder import read_json
from lethebench.runs.options import RunOptions
from lethebench.runs.settings import apply_settings, read_settings
from lethebench.runs.training import learn_all, unlearn_task
from lethebench.scoring.models import load

LLAVA, TINY = PRESETS["mllmu-llava"], PRESETS["tiny"]
SMALL = {"activation_checkpointing": False, "max_steps": 1}


def test_files_and_modality_become_settings(tmp_path):
    path = tmp_path / "tuned.json"
    path.write_text(json.dumps({"method": "npo", "settings": {"learning_rate": 3e-4, "beta": 0.2}, "forget": 0.9}))
    settings = read_settings([path], "text", ("npo", "ga"))
    assert settings == {"npo": {"learning_rate": 3e-4, "beta": 0.2, "modality": "text"}, "ga": {"modality": "text"}}
    preset = apply_settings(TINY, settings)
    assert preset.method_arguments("npo") == {**TINY.method_arguments("npo"), **settings["npo"]}
    assert preset.method_arguments("kl") == TINY.method_arguments("kl")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ('{"method": "npo"}', "expected"),
        ('{"method": "kl", "settings": {}}', "for kl, but the methods are npo"),
        ('{"method": "npo", "settings": {"beta": NaN}}', "NaN is not a finite number"),
    ],
)
def test_invalid_settings_file_is_refused(text, message, tmp_path):
    (tmp_path / "own.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_settings([tmp_path / "own.json"], None, ("npo",))


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("npo", {"betta": 1.0}, "npo: unknown setting 'betta'; did you mean 'beta'"),
        ("npo", {"learning_rat": 1.0}, "did you mean 'learning_rate'"),
        ("npo", {"output_dir": "elsewhere"}, "output_dir cannot be set"),
        ("npo", {"seed": 3}, "seed cannot be set: use --seed"),
        ("npo", {"learning_rate": "fast"}, 'learning_rate is "fast"; it must be of type float'),
        ("npo", {"learning_rate": True}, "learning_rate is true"),
        ("npo", {"learning_rate": -0.1}, "learning_rate is -0.1: give a number that is 0 or more"),
        ("npo", {"learning_rate": float("inf")}, "learning_rate is inf"),
        ("npo", {"packing": True}, "packing=True has no effect"),
        ("npo", {"max_length": 64}, "max_length=64 has no effect"),
        ("npo", {"max_steps": 2.5}, "max_steps is 2.5; it must be of type int"),
        ("npo", {"num_train_epochs": 0}, "num_train_epochs is 0"),
        ("npo", {"per_device_train_batch_size": 0}, "per_device_train_batch_size is 0"),
        ("npo", {"frozen": "("}, r"frozen is '\('"),
        ("npo", {"retain_weight": "five"}, 'retain_weight is "five"'),
        ("npo", {"beta": -1.0}, "beta is -1.0"),
        ("manu", {"share": 2.0}, "share is 2.0"),
        ("prompt", {"share": 0.1}, "'share'"),
        ("lumoe", {"gate": 5}, "gate is 5; it must be of type str"),
        ("lumoe", {"gate": "true_task", "retain_weight": -1}, "retain_weight is -1"),
        ("npoo", {}, "unknown section 'npoo'; did you mean 'npo'"),
        ("learn", {"learning_rte": 1.0}, "learn: unknown setting 'learning_rte'; did you mean 'learning_rate'"),
        ("learn", {"num_train_epochs": "many"}, 'num_train_epochs is "many"; it must be of type'),
        ("learn", {"packing": True}, "packing=True"),
        ("learn", {"gradient_accumulation_steps": 0}, "gradient_accumulation_steps is 0"),
        ("learn", {"output_dir": "x"}, "output_dir cannot be set"),
        ("lora", {"rnk": 4}, "lora: unknown setting 'rnk'; did you mean 'rank'"),
        ("lora", {"rank": 0}, "LoRA rank is 0; it must be a whole number from 1"),
        ("lora", {"rank": None}, "rank is null; it must be of type int"),
        ("lora", {"target_modules": [[]]}, "target_modules is"),
        ("learn", {"accelerator_config": "absent.json"}, "learn: .*absent.json"),
        ("learn", {"ddp_timeout": 10**30}, "learn: .*too large"),
        ("npo", {"load_best_model_at_end": True}, "npo: .*load_best_model_at_end"),
        ("dpo", {"beta": 10**400}, "dpo: .*too large"),
        ("lora", {"r": 4, "rank": 8}, "name one setting twice"),
        ("lora", {"dropout": "high"}, 'dropout is "high"; it must be of type float'),
        ("lora", {"targets": "("}, "not a regular expression"),
        ("model", {"dtyp": "bfloat16"}, "model: unknown setting 'dtyp'; did you mean 'dtype'"),
        ("model", {"dtype": "int7"}, "dtype is 'int7'; give one of auto, float32"),
        ("model", {"dtype": 16}, "dtype is 16; it must be of type str"),
        ("model", {"four_bit": "maybe"}, 'four_bit is "maybe"; it must be of type bool'),
        ("model", {"attn_implementation": "someone/kernel"}, "attn_implementation is 'someone/kernel'"),
        ("model", {"device_map": "nowhere"}, "device_map is 'nowhere'"),
        ("model", {"trust_remote_code": True}, "no code from the Hub is run"),
    ],
)
def test_unusable_setting_is_refused(section, values, message):
    with pytest.raises(UserError, match=message) as caught:
        apply_settings(LLAVA, {section: values})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings", [{"learn": {"learning_rate": 1e-3}}, {"lora": {"rank": 4}}, {"model": {"dtype": "bfloat16"}}]
)
def test_setting_without_effect_on_tiny_is_refused(settings):
    with pytest.raises(UserError, match="the model tiny"):
        apply_settings(TINY, settings)


def test_text_is_parsed_by_the_type_of_its_field():
    settings = {
        "learn": {"learning_rate": "1e-5", "activation_checkpointing": "false", "lr_scheduler_type": "cosine"},
        "lora": {"r": "64", "targets": ["q_proj", "v_proj"]},
        "model": {"four_bit": "false", "revision": "123"},
        "npo": {"beta": "0.3", "max_steps": "7"},
    }
    preset = apply_settings(LLAVA, settings)
    assert preset.learn == {
        **LLAVA.learn, "learning_rate": 1e-5, "activation_checkpointing": False, "lr_scheduler_type": "cosine"
    }  # fmt: skip
    assert (preset.lora.rank, preset.lora.alpha, preset.lora.target_modules) == (64, 16, ["q_proj", "v_proj"])
    assert preset.model == {"four_bit": False, "revision": "123"}
    assert preset.methods["npo"] == {**LLAVA.methods["npo"], "beta": 0.3, "max_steps": 7}


def test_no_settings_leave_a_preset_as_it_is():
    assert all(asdict(apply_settings(preset, {})) == asdict(preset) for preset in PRESETS.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shared: {learning_rat: 1}", "shared: unknown setting 'learning_rat'"),
        ("unlearn: {max_steps: 1.5}", "max_steps is 1.5"),
        ("methods: {npoo: {}}", "unknown method 'npoo'; did you mean 'npo'"),
        ("methods: {npo: {beta: -1}}", "beta is -1"),
        ("model: {dtype: int7}", "dtype is 'int7'"),
    ],
)
def test_preset_file_is_checked_before_a_run(text, message, tmp_path):
    (tmp_path / "my.yaml").write_text(text)
    arguments = ("run", tmp_path / "no-build", "--preset", tmp_path / "my.yaml", "--model", save_llava(tmp_path / "m"))
    status, _, error = lethe(*arguments)
    assert status == 2
    assert error.count("\n") == 1
    assert message in error


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    return str(save_llava(tmp_path_factory.mktemp("model") / "base"))


def own_preset(**settings: dict) -> Preset:
    shared = {"learn": {**SMALL, "bf16": False}, "ga": {**SMALL, "bf16": False}}
    return apply_settings(LLAVA, {**shared, **{name: shared.get(name, {}) | own for name, own in settings.items()}})


def test_settings_reach_adapter_trainer_and_model(base, tmp_path, monkeypatch):
    preset = own_preset(lora={"r": 4, "alpha": 8}, learn={"learning_rate": "1e-3"}, model={"dtype": "bfloat16"})
    loaded_options = []
    original = loading.AutoModelForImageTextToText.from_pretrained

    def from_pretrained(path, **options):
        loaded_options.append(options)
        return original(path, **options)

    monkeypatch.setattr(loading.AutoModelForImageTextToText, "from_pretrained", from_pretrained)
    rows = Dataset.from_list([{**row, "images": []} for row in qa_rows()[3:5]])
    _, loaded = learn_all(base, preset, rows, [], seed=0, callbacks=())
    adapter = loaded.model.peft_config["default"]
    assert (adapter.r, adapter.lora_alpha, adapter.lora_dropout) == (4, 8, 0.05)
    assert learn_config(preset, str(tmp_path)).learning_rate == 1e-3
    frozen = [value for value in loaded.model.parameters() if not value.requires_grad]
    assert {value.dtype for value in frozen} == {torch.bfloat16}

    loading.save_model(loaded.model, loaded.processor, tmp_path / "learnt")
    encoder = RowEncoder(loaded.processor)
    stage = Stage("ga", str(tmp_path / "learnt"), encoder.processor, rows, rows, preset, encoder=encoder)
    _, unlearned = unlearn_task(stage)
    assert unlearned.model.peft_config["default"].r == 4
    assert [options["dtype"] for options in loaded_options] == ["bfloat16", "bfloat16"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"lr_scheduler_kwargs": {"x": 1}}, "unexpected keyword argument 'x'"),
        ({"optim_args": "x"}, "not enough values"),
        ({"optim": "adamw_torch", "adam_beta1": -1}, "Invalid beta parameter"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_setting_that_the_optimizer_refuses_is_one_line(base, setting, message):
    rows = Dataset.from_list([{**row, "images": []} for row in qa_rows()[3:5]])
    preset = own_preset(learn=setting, ga=setting, lora={"rank": 2})
    with pytest.raises(UserError, match=f"base cannot be trained: .*{message}"):
        learn_all(base, preset, rows, [], seed=0, callbacks=())
    model, processor = load(base)[:2]
    encoder = RowEncoder(processor)
    with pytest.raises(UserError, match=f"ga: .*{message}.*lethe --debug"):
        unlearn_task(Stage("ga", model, processor, rows, rows, preset, encoder=encoder))


def test_run_records_settings_and_refuses_others_on_resume(base, tmp_path, capsys):
    data = stand_in_build(tmp_path / "icu")
    settings = {"lora": {"rank": 4}, "model": {"dtype": "float32"}, "ga": {"max_steps": 1}}
    options = RunOptions(data=data, out=tmp_path / "run", model=base, methods=("ga",), settings=settings)
    check_options(options)
    (tmp_path / "run").mkdir()
    run = start(open_build(data), options, Console(), resume=False)
    assert read_json(tmp_path / "run" / "run.json")["settings"] == settings
    assert run.preset == apply_settings(load_preset(None, base), settings)
    assert "gets the settings of mllmu-llava" in capsys.readouterr().err
    with run.new_stage("learnt", {}):
        pass
    other = RunOptions(data=data, out=tmp_path / "run", model=base, methods=("ga",), settings={"lora": {"rank": 8}})
    with pytest.raises(UserError, match=r"settings of lora .*'rank': 4.*'rank': 8"):
        start(run.build, other, Console(), resume=True)


def test_run_keeps_a_copy_of_its_preset_file(base, tmp_path):
    data, folder, file = stand_in_build(tmp_path / "icu"), tmp_path / "run", tmp_path / "my.yaml"
    file.write_text("lora: {rank: 4, alpha: 8}\nmodel: {dtype: bfloat16}\n")
    folder.mkdir()
    options = RunOptions(data=data, out=folder, model=base, methods=("ga",), preset=str(file))
    first = start(open_build(data), options, Console(), resume=False)
    record = read_json(folder / "run.json")
    assert record["preset"] == "preset.yaml"
    moved = file.rename(tmp_path / "moved.yaml")
    resumed = start(first.build, options_of(folder, data, "ga"), Console(), resume=True)
    assert replace(resumed.preset, name=first.preset.name) == first.preset
    reseal(folder, preset=str(file))  # as runs recorded it before
    start(first.build, replace(options, preset=str(moved)), Console(), resume=True)
    assert read_json(folder / "run.json")["preset"] == "preset.yaml"
    moved.write_text("lora: {rank: 8, alpha: 8}\n")
    with pytest.raises(UserError, match="preset_sha256"):
        start(first.build, replace(options, preset=str(moved)), Console(), resume=True)


def test_saved_stage_is_loaded_with_the_model_options_of_its_run(base, tmp_path):
    data, folder = stand_in_build(tmp_path / "icu"), tmp_path / "run"
    folder.mkdir()
    settings = {"model": {"dtype": "bfloat16"}}
    options = RunOptions(data=data, out=folder, model=base, methods=("ga",), settings=settings)
    run = start(open_build(data), options, Console(), resume=False)
    whole, processor = loading.load_model(base)
    adapted = get_peft_model(loading.load_model(base).model, LLAVA.lora.peft_config())
    for stage, model in (("learnt", adapted), ("gold/t001", whole)):
        with run.new_stage(stage, {}) as stage_dir:
            loading.save_model(model, processor, stage_dir)

    def dtypes(stage: str) -> set[torch.dtype]:
        parameters = load(str(folder / stage)).model.named_parameters()
        return {value.dtype for name, value in parameters if "lora_" not in name}

    assert dtypes("learnt") == {torch.bfloat16}
    assert dtypes("gold/t001") == {torch.float32}  # weights that were trained themselves keep their type
