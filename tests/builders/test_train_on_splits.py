"""Every split trains one step in TRL's SFTTrainer: through our collator, and through TRL's own as the card tells."""

import re
from functools import cache

import baselines_support as support
import pytest
import torch
from datasets import concatenate_datasets, load_dataset
from small_build import quick_build
from trl import SFTConfig, SFTTrainer

from lethebench.baselines import RowEncoder, tiny_vlm
from lethebench.baselines.loading import save_model
from lethebench.baselines.trainer.rows import AnswerCollator
from lethebench.builders import BENCHMARKS
from lethebench.contract.columns import FORMATS, MODALITIES

ONE_STEP = {
    "max_steps": 1, "learning_rate": 1e-2, "lr_scheduler_type": "constant", "max_length": None, "bf16": False,
    "use_cpu": True, "report_to": "none", "save_strategy": "no", "disable_tqdm": True,
}  # fmt: skip
ASKED = {"mlu": ("image_text",), "remem": ("image_text",)}
"""Benchmark -> the modalities that it asks in, where it is not both."""


def question_splits():
    """Yield each split of questions once, although several configs may have the same shards."""
    for name, benchmark in BENCHMARKS.items():
        groups_of = {}
        for config, splits in benchmark.CONFIGS.items():
            for split, groups in splits.items():
                if groups[0].startswith("qa/") and groups_of.setdefault(groups, (config, split)) == (config, split):
                    yield pytest.param(name, config, split, id=f"{name}-{config}-{split}")


def few(rows):
    """One row of each modality and format that there is."""
    kinds = {}
    for index, kind in enumerate(zip(rows["modality"], rows["format"], strict=True)):
        kinds.setdefault(kind, index)
    return rows.select(kinds.values())


@cache
def loaded(name, config):
    return load_dataset(str(quick_build(name)), config)


@pytest.fixture(scope="module")
def tiny():
    """One model for all splits: its tokenizer knows every byte."""
    rows = few(loaded("icu", "continual")["train"])
    return tiny_vlm(rows, 0, plan=support.PLAN, processor=support.tiny().processor)


@pytest.fixture
def processor(tiny):
    return tiny.processor


def weights(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def learnt(trainer, before) -> float:
    """The loss of one step; the language model's weights are others afterwards, and all are numbers."""
    loss = trainer.train().training_loss
    after = weights(trainer.model)
    assert loss > 0
    assert all(torch.isfinite(value).all() for value in after.values())
    moved = [name for name in after if not torch.equal(after[name], before[name])]
    assert any("language_model" in name for name in moved)
    assert any("lm_head" in name for name in moved)
    return loss


@pytest.mark.parametrize(("name", "config", "split"), question_splits())
def test_split_trains_one_step(name, config, split, tiny, processor, tmp_path):
    rows = few(loaded(name, config)[split])
    assert {MODALITIES[kind] for kind in rows["modality"]} == set(ASKED.get(name, MODALITIES))
    before = weights(tiny.model)
    trainer = SFTTrainer(
        tiny.model,
        args=SFTConfig(
            str(tmp_path),
            per_device_train_batch_size=len(rows),
            remove_unused_columns=False,
            dataset_kwargs={"skip_prepare_dataset": True},
            **ONE_STEP,
        ),
        data_collator=AnswerCollator(RowEncoder(processor)),
        train_dataset=rows,
        processing_class=processor,
    )
    learnt(trainer, before)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_card_code_trains_with_trl(name, tiny, processor, tmp_path, monkeypatch):
    """The card's own lines, with a tiny model for the large one, one step for three epochs, and a few rows."""
    monkeypatch.chdir(tmp_path)
    splits = loaded(name, next(iter(BENCHMARKS[name].CONFIGS)))
    forget = concatenate_datasets([few(rows) for rows in splits.values()])
    save_model(tiny.model, processor, tmp_path / "model")
    examples = re.findall(r"```python\n(.*?)```", (quick_build(name) / "README.md").read_text("utf-8"), re.DOTALL)
    (code,) = (example for example in examples if "SFTTrainer(" in example)
    code, models = re.subn(r'SFTTrainer\(".*?"', f"SFTTrainer({str(tmp_path / 'model')!r}", code)
    code, settings = re.subn(r"SFTConfig\(max_length=None\)", "SFTConfig(**ONE_STEP)", code)
    assert (models, settings) == (1, 1)
    before = weights(tiny.model)
    space = {"forget": forget, "ONE_STEP": {**ONE_STEP, "per_device_train_batch_size": len(forget)}}
    exec(code.replace("trainer.train()", ""), space)
    batch = space["trainer"].data_collator([dict(row) for row in space["rows"]])
    said = [processor.tokenizer.decode(labels[labels != -100]) for labels in batch["labels"]]
    assert [text.removesuffix("</s>").strip() for text in said] == [text.strip() for text in forget["answer"]]
    assert len(batch["pixel_values"]) == sum(map(len, forget["images"]))
    learnt(space["trainer"], before)


def test_multiple_choice_answer_is_the_right_option():
    results = 0
    for name, benchmark in BENCHMARKS.items():
        for rows in loaded(name, next(iter(benchmark.CONFIGS))).values():
            for row in rows.remove_columns("images"):
                if FORMATS[row["format"]] == "multiple_choice":
                    results += 1
                    assert row["answer"] == row["options"][row["correct"]]
                    assert not all(option in row["question"] for option in row["options"])
                else:
                    assert (row["options"], row["correct"]) == ([], -1)
    assert results
