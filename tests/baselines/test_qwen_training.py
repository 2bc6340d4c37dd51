"""Training, saving and loading of Qwen-VL with its own processor; `test_architectures.py` runs every method on it."""

import copy

import baselines_support as support
import pytest
import qwen_vl
import torch
from peft import LoraConfig
from tiny_models import picture, qa_rows

from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.evaluation.likelihood import score_answers
from lethebench.evaluation.likelihood.forward import _decoder_positions

pytestmark = [pytest.mark.slow, qwen_vl.NEEDS_LIBRARY]
ROWS = qa_rows()
ROWS[0] = {**ROWS[0], "images": [picture(4, (40, 120)), picture(5, (200, 200))]}
FORGET, RETAIN = ROWS[:4], ROWS[4:]
LORA = LoraSettings(rank=2, alpha=4)
SHARED = {"bf16": False, "activation_checkpointing": False, "learning_rate": 1e-2, "max_steps": 2}


@pytest.fixture(scope="module", params=qwen_vl.FAMILIES)
def qwen(request):
    return qwen_vl.make(request.param)


@pytest.fixture
def trainer(qwen, tmp_path):
    """Return a function that makes a trainer of a copy of the model."""
    model, processor = qwen

    def make(method="npo", *, lora: LoraConfig | None = None, folder="stage", **settings):
        copied = copy.deepcopy(model).requires_grad_(True)
        return support.stage(method, copied, processor, tmp_path / folder, FORGET, RETAIN, peft_config=lora, **settings)

    return make


def logprobs(model, processor, rows=ROWS):
    return [score.logprob for score in score_answers(model, processor, rows)]


def test_training_loss_equals_negative_log_probability(qwen, trainer):
    """One batch with text rows, one and several pictures, all of unequal sizes."""
    stage = trainer("ga")
    batch = stage.to_batch(list(map(stage.encoder, ROWS)))
    assert len({tuple(grid) for grid in batch["image_grid_thw"].tolist()}) >= 3
    expected = score_answers(*qwen, ROWS)
    with torch.no_grad():
        answers = stage.answers(stage.model.eval(), batch)
    assert answers.mask.sum(-1).tolist() == [score.num_tokens for score in expected]
    assert answers.logps.sum(-1).tolist() == pytest.approx([score.logprob for score in expected], abs=2e-3)


def test_positions_in_training_batch_equal_those_by_hand(qwen, trainer):
    model, _ = qwen
    stage = trainer("ga")
    pictured = [row for row in ROWS if row["images"]]
    batch = stage.to_batch(list(map(stage.encoder, pictured)))
    with _decoder_positions(stage.model) as received, torch.no_grad():
        stage.answers(stage.model, batch)
    (positions,) = received
    grids = iter(batch["image_grid_thw"].tolist())
    for index, row in enumerate(pictured):
        ids = batch["input_ids"][index][batch["attention_mask"][index].bool()].tolist()
        own = [next(grids) for _ in row["images"]]
        expected = qwen_vl.positions_by_hand(ids, own, model.config.image_token_id)
        assert positions[-3:, index, : len(ids)].tolist() == expected


def test_lora_is_on_every_linear_of_the_language_model(qwen, trainer):
    stage = trainer(lora=LORA.peft_config())
    adapted = {name.split(".lora_A")[0] for name, _ in stage.model.named_parameters() if "lora_A" in name}
    assert len(adapted) == 7 * 2
    assert all("language_model.layers" in name for name in adapted)


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
def test_activation_checkpointing_gives_the_same_steps(trainer, lora):
    ends = []
    for checkpointing in (False, True):
        peft = lora and lora.peft_config()
        stage = trainer(lora=peft, activation_checkpointing=checkpointing)
        before = support.weights_of(stage.model)
        stage.train()
        assert stage.model.is_gradient_checkpointing is checkpointing
        ends.append({name: value - before[name] for name, value in support.weights_of(stage.model).items()})
    assert any(value.abs().max() > 1e-4 for value in ends[0].values())
    for name, change in ends[0].items():
        torch.testing.assert_close(ends[1][name], change, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("method", "lora", "frozen"), [("npo", None, "visual"), ("kl", LORA, None), ("mmunlearner", None, None)]
)
def test_resumed_stage_equals_uninterrupted(trainer, tmp_path, method, lora, frozen):
    peft = lora and lora.peft_config()
    options = {"num_train_epochs": 2, "per_device_train_batch_size": 2, "save_strategy": "steps", "save_steps": 2}
    whole = trainer(method, lora=peft, frozen=frozen, **options)
    steps = whole.train().global_step
    assert steps > 2
    again = trainer(method, lora=peft, frozen=frozen, folder="again", **options)
    again.train(resume_from_checkpoint=str(tmp_path / "stage" / "checkpoint-2"))
    end = support.weights_of(again.model)
    assert all(torch.equal(value, end[name]) for name, value in support.weights_of(whole.model).items())


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
def test_saved_and_loaded_scores_are_bit_equal(qwen, tmp_path, lora):
    model, processor = qwen
    save_model(model, processor, tmp_path / "base")
    loaded = load_model(tmp_path / "base")
    assert type(loaded.processor) is type(processor)
    before = logprobs(*loaded)
    assert before == logprobs(model, processor)
    preset = Preset("test", "", "any", lora, "visual", SHARED, {}, {})
    trained = learn(*loaded, ROWS, preset=preset).model
    save_model(trained, processor, tmp_path / "learnt")
    after = logprobs(trained, processor)
    assert all(abs(new - old) > 1e-3 for new, old in zip(after, before, strict=True))
    assert logprobs(*load_model(tmp_path / "learnt")) == after


def test_published_folder_scores_as_the_model(tmp_path):
    """Old names of weights and one flat config, as Qwen2.5-VL is on the Hub."""
    model, processor = qwen_vl.make("qwen2_5_vl")
    loaded = load_model(qwen_vl.published(model, processor, tmp_path))
    assert loaded.processor.image_processor.size == processor.image_processor.size
    assert logprobs(*loaded) == logprobs(model, processor)


def test_bfloat16_scores_are_close(qwen, tmp_path):
    model, processor = qwen
    save_model(model, processor, tmp_path)
    loaded = load_model(tmp_path, dtype=torch.bfloat16)
    assert loaded.model.dtype == torch.bfloat16
    assert logprobs(*loaded) == pytest.approx(logprobs(model, processor), rel=0.1)
