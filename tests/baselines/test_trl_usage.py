"""Used as any other TRL trainer is: resumed, on a path, on 16-bit weights, with adapters of all kinds."""

import copy

import baselines_support as support
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import PrinterCallback

from lethebench.baselines import method_entry
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import LANGUAGE_MODEL_LINEARS, PRESETS, LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.weights import merged

FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 6))


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


def fresh(tiny):
    return copy.deepcopy(tiny.model).requires_grad_(True)


def lora(**changes):
    fields = {"r": 4, "lora_alpha": 8, "target_modules": LANGUAGE_MODEL_LINEARS, "task_type": "CAUSAL_LM"}
    return LoraConfig(**{**fields, **changes})


def same(first, second) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def observed(stage) -> list:
    """The (forget, retain) answers of each step, once it has trained."""
    result = []
    inner = stage.unlearning_loss
    stage.unlearning_loss = lambda forget, retain: result.append((forget, retain)) or inner(forget, retain)
    stage.train()
    return result


@pytest.mark.parametrize(
    ("method", "peft", "frozen"),
    [
        ("npo", None, "vision_tower"),
        ("npo", lora(), None),
        ("kl", None, None),
        ("kl", lora(), r"layers\.0\."),
        ("kl", lora(modules_to_save=["multi_modal_projector"]), None),
        ("mmunlearner", None, None),
    ],
    ids=lambda value: "lora" if isinstance(value, LoraConfig) else value,
)
def test_resumed_stage_equals_uninterrupted(tiny, tmp_path, method, peft, frozen):
    options = {"num_train_epochs": 2, "per_device_train_batch_size": 3, "save_strategy": "steps", "save_steps": 2}
    options["frozen"] = frozen
    torch.manual_seed(0)
    model = fresh(tiny) if peft is None else get_peft_model(fresh(tiny), peft)
    start = support.weights_of(model)
    whole = support.stage(method, copy.deepcopy(model), tiny.processor, tmp_path, FORGET, RETAIN, **options)
    steps = whole.train().global_step
    end = support.weights_of(whole.model)
    assert not same(start, end)
    for at in (2, steps):
        reloaded = support.stage(
            method, copy.deepcopy(model), tiny.processor, tmp_path / "again", FORGET, RETAIN, **options
        )
        reloaded.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{at}"))
        assert same(end, support.weights_of(reloaded.model)), at


def test_the_best_model_is_the_one_that_is_kept(tiny, tmp_path):
    """The forget rows' own loss, which ascent makes worse from step to step: the first checkpoint is the best."""
    changes = {"eval_strategy": "steps", "save_strategy": "steps", "eval_steps": 1, "save_steps": 1}
    args = method_entry("ga").load().config_class(
        output_dir=str(tmp_path), bf16=False, report_to="none", load_best_model_at_end=True, num_train_epochs=3,
        per_device_train_batch_size=8, learning_rate=1e-3, **changes
    )  # fmt: skip
    stage = method_entry("ga").load()(
        fresh(tiny), args=args, train_dataset=FORGET, eval_dataset=FORGET, processing_class=tiny.processor
    )
    stage.remove_callback(PrinterCallback)
    stage.train()
    losses = [entry["eval_loss"] for entry in stage.state.log_history if "eval_loss" in entry]
    assert losses[0] < losses[-1] - 0.1
    assert stage.evaluate()["eval_loss"] == pytest.approx(losses[0], abs=1e-6)


@pytest.mark.parametrize(
    ("method", "dtype"), [("npo", torch.float16), ("npo", torch.bfloat16), ("mmunlearner", torch.bfloat16)]
)
def test_16_bit_weights_train_as_float32(tiny, tmp_path, method, dtype):
    """Steps as small as the papers' would be rounded away in bfloat16, and overflow Adam's moments in float16."""
    options = {"num_train_epochs": 2, "learning_rate": 2e-5}
    ends = []
    for whole in (False, True):
        model = fresh(tiny).to(dtype)
        model = model.float() if whole else model
        stage = support.stage(method, model, tiny.processor, tmp_path, FORGET, RETAIN, **options)
        before = support.weights_of(stage.model)
        stage.train()
        ends.append(support.weights_of(stage.model))
    assert same(*ends)
    moved = sum(int((value != before[name]).sum()) for name, value in ends[0].items())
    assert moved > 0.8 * sum(value.numel() for value in before.values())
    assert max((value - before[name]).abs().max() for name, value in ends[0].items()) < 1e-3


def test_merge_into_16_bit_weights_is_exact(tiny):
    torch.manual_seed(0)
    model = get_peft_model(fresh(tiny).to(torch.bfloat16), lora(init_lora_weights=False))
    name, layer = next((name, layer) for name, layer in model.named_modules() if hasattr(layer, "get_delta_weight"))
    expected = layer.base_layer.weight.float() + layer.get_delta_weight("default").float()
    result = merged(model).get_parameter(f"{name.removeprefix('base_model.model.')}.weight")
    assert result.dtype == torch.float32
    assert result.requires_grad
    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-6)


def test_adapter_on_16_bits_trains_in_float32(tiny, tmp_path):
    model = get_peft_model(fresh(tiny).to(torch.bfloat16), lora(), autocast_adapter_dtype=False)
    stage = support.stage("npo", model, tiny.processor, tmp_path, FORGET, RETAIN)
    assert {value.dtype for value in stage.model.parameters() if value.requires_grad} == {torch.float32}
    assert {value.dtype for value in stage.model.parameters() if not value.requires_grad} == {torch.bfloat16}
    stage.train()


def test_parts_beside_16_bit_adapter_fit_base(tiny, tmp_path):
    model = get_peft_model(fresh(tiny).to(torch.bfloat16), lora(modules_to_save=["multi_modal_projector"]))
    stage = support.stage("npo", model, tiny.processor, tmp_path, FORGET, RETAIN, learning_rate=1e-3)
    before = support.weights_of(stage.model)
    stage.train()
    after = support.weights_of(stage.model)
    assert any(not torch.equal(before[name], after[name]) for name in before if "modules_to_save" in name)
    with torch.no_grad():
        answers = support.row_answers(stage.trained_model().eval(), stage.data_collator, FORGET[:1])
    assert answers[0][0].isfinite().all()


@pytest.mark.parametrize("peft", [None, lora()], ids=["full", "lora"])
def test_missing_checkpoint_is_not_looked_up_on_the_hub(tiny, tmp_path, peft):
    options = {} if peft is None else {"peft_config": peft}
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN, **options)
    with pytest.raises(ValueError, match="checkpoint at checkpoint-9"):
        stage.train(resume_from_checkpoint="checkpoint-9")


@pytest.mark.parametrize("retain_loss", ["ce", "kl"])
def test_frozen_adapter_layers_do_not_move(tiny, tmp_path, retain_loss):
    options = {"retain_loss": retain_loss, "frozen": r"layers\.0\.", "num_train_epochs": 2}
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN, peft_config=lora(), **options)
    before = support.weights_of(stage.model)
    stage.train()
    moved = {name for name, value in stage.model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if "lora_" in name and "layers.1." in name}


@pytest.mark.parametrize("first", ["pissa", "olora"])
def test_reference_of_pissa_adapter_leaves_base_unchanged(tiny, tmp_path, first):
    options = {"peft_config": lora(init_lora_weights=first), "learning_rate": 0.0}
    stage = support.stage("kl", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN, **options)
    before = support.weights_of(stage.model)
    answers = observed(stage)
    assert same(before, support.weights_of(stage.model))
    retain = answers[0][1]
    torch.testing.assert_close(retain.distributions, retain.reference_distributions, rtol=1e-4, atol=1e-4)


def test_reference_includes_weights_beside_adapter(tiny, tmp_path):
    model = get_peft_model(fresh(tiny), lora())
    for name, value in model.named_parameters():
        value.requires_grad_(value.requires_grad or "multi_modal_projector" in name)
    options = {"num_train_epochs": 4, "learning_rate": 1e-2, "retain_weight": 0.1}
    stage = support.stage("kl", model, tiny.processor, tmp_path, FORGET, RETAIN[:1], **options)
    first, *_, last = (retain for _, retain in observed(stage))
    # One picture row in every step: it is compared with the same distributions until the end.
    torch.testing.assert_close(last.reference_distributions, first.reference_distributions, rtol=1e-4, atol=1e-4)
    assert (first.distributions - first.reference_distributions).abs().max() < 1e-4
    assert (last.distributions - first.distributions).abs().max() > 1e-2


def test_interrupted_stage_removes_adapter_copy(tiny, tmp_path):
    model = get_peft_model(fresh(tiny), lora())
    broken = [*FORGET[:3], {**FORGET[3], "answer": "  "}]
    stage = support.stage("npo", model, tiny.processor, tmp_path, broken, RETAIN, retain_loss="kl")
    with pytest.raises(ValueError, match="empty answer"):
        stage.train()
    assert list(model.peft_config) == ["default"]
    support.stage("npo", model, tiny.processor, tmp_path, FORGET, RETAIN, retain_loss="kl").train()
    assert list(model.peft_config) == ["default"]


@pytest.mark.parametrize("method", ["graddiff", "dpo"])
def test_rows_weigh_the_same_in_uneven_steps(tiny, tmp_path, method):
    changes = {**support.SGD, "learning_rate": 0.05}
    ends = []
    for batch, parts in ((5, 1), (1, 5), (4, 2), (2, 3)):
        options = {"per_device_train_batch_size": batch, "gradient_accumulation_steps": parts, **changes}
        stage = support.stage(method, fresh(tiny), tiny.processor, tmp_path, FORGET[:5], RETAIN, **options)
        before = support.weights_of(stage.model)
        assert stage.train().global_step == 1
        ends.append({name: value - before[name] for name, value in support.weights_of(stage.model).items()})
    size = max(value.abs().max() for value in ends[0].values())
    for end in ends[1:]:
        assert max((ends[0][name] - end[name]).abs().max() for name in end) < 1e-4 * size


def test_overflowing_loss_scale_does_not_stop(tiny, tmp_path):
    """What fp16 does on a GPU, with a scaler on the CPU: the first steps are left out while the scale falls."""
    options = {"num_train_epochs": 6, "max_grad_norm": 0.0}
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN, **options)
    stage.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126, backoff_factor=2.0**-30)
    before = support.weights_of(stage.model)
    stage.train()
    assert stage.accelerator.scaler.get_scale() < 2.0**126
    assert not same(before, support.weights_of(stage.model))
    for scale, says in ((1.0, "gradients are not finite at step 1"), (2.0**16, "all 6 steps were skipped")):
        stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN, **options)
        stage.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        stage.model.get_input_embeddings().weight.register_hook(lambda gradient: gradient * float("inf"))
        with pytest.raises(FloatingPointError, match=says):
            stage.train()


@pytest.mark.parametrize("method", ["npo", "mmunlearner"])
def test_path_as_model_and_processor_from_model(tiny, tmp_path, method):
    save_model(tiny.model, tiny.processor, tmp_path / "base")
    loaded, _ = load_model(tmp_path / "base")
    ends = []
    for model in (str(tmp_path / "base"), loaded.requires_grad_(True)):
        stage = support.stage(method, model, None, tmp_path, FORGET, RETAIN)
        stage.train()
        ends.append(support.weights_of(stage.model))
    assert same(*ends)
    with pytest.raises(ValueError, match="has no path to load it from: pass its processor"):
        support.stage(method, fresh(tiny), None, tmp_path, FORGET, RETAIN)


def test_predictions_are_losses(tiny, tmp_path):
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN)
    stage.eval_dataset = RETAIN
    expected = stage.evaluate()["eval_loss"]
    assert stage.predict(RETAIN).metrics["test_loss"] == pytest.approx(expected)


def test_checkpoint_card_cites_the_paper(tiny, tmp_path):
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN)
    stage.create_model_card(model_name="forgetful")
    card = (tmp_path / "README.md").read_text()
    assert "This model was trained with NPO, a method introduced in [Negative Preference Optimization" in card
    assert "Cite NPO as:\n\n```bibtex\n@misc{zhang2024negative,\n    title " in card
    assert {method_entry(name).load()._name for name in support.TRAINERS}.isdisjoint({"SFT", "Base"})


def test_preset_lora_is_added_to_plain_model(tiny):
    preset = Preset("test", "", "any", LoraSettings(4, 8), None, PRESETS["tiny"].shared, {}, {"num_train_epochs": 1})
    result = unlearn(Stage("ga", fresh(tiny), tiny.processor, FORGET, None, preset=preset))
    trained = {name for name, value in result.model.named_parameters() if value.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    learnt = learn(fresh(tiny), tiny.processor, FORGET, preset=preset, num_train_epochs=1).model
    assert {name for name, value in learnt.named_parameters() if value.requires_grad} == trained
