"""Every split trains one step in TRL's SFTTrainer: through our collator, and by the card's code through TRL's own."""

import re
from functools import cache

import baselines_support as support
import pytest
from datasets import load_dataset
from one_step import ONE_STEP, check_rows_train, check_step, one_of_each_kind
from small_build import distinct_splits, quick_build

from lethebench.baselines import tiny_vlm
from lethebench.baselines.loading import save_model
from lethebench.builders import BENCHMARKS, read_manifest
from lethebench.contract.columns import FORMATS, MODALITIES

MODALITIES_OF = {"mlu": ("image_text",), "remem": ("image_text",)}
"""Benchmark -> the modalities of its questions, where it has not both."""


@cache
def loaded(name, config):
    return load_dataset(str(quick_build(name)), config)


@pytest.fixture(scope="module")
def tiny():
    """One model for all splits: its tokenizer knows every byte."""
    rows = one_of_each_kind([loaded("icu", "continual")["train"]])
    return tiny_vlm(rows, 0, plan=support.PLAN, processor=support.tiny().processor)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_split_trains_one_step(name, tiny, tmp_path):
    parts = distinct_splits({"splits": read_manifest(quick_build(name)).splits})
    splits = [loaded(name, config)[split] for config, split in parts]
    splits = [rows for rows in splits if "question" in rows.column_names]
    for rows in splits:
        assert {MODALITIES[kind] for kind in rows["modality"]} == set(MODALITIES_OF.get(name, MODALITIES))
    check_rows_train(one_of_each_kind(splits), tiny.model, tiny.processor, tmp_path)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_card_code_trains_with_trl(name, tiny, tmp_path, monkeypatch):
    """The card's own lines, with a tiny model for the large one, one step for three epochs, and a few rows."""
    monkeypatch.chdir(tmp_path)
    forget = one_of_each_kind(loaded(name, next(iter(BENCHMARKS[name].CONFIGS))).values())
    save_model(tiny.model, tiny.processor, tmp_path / "model")
    examples = re.findall(r"```python\n(.*?)```", (quick_build(name) / "README.md").read_text("utf-8"), re.DOTALL)
    (code,) = (example for example in examples if "SFTTrainer(" in example)
    code, models = re.subn(r'SFTTrainer\(".*?"', f"SFTTrainer({str(tmp_path / 'model')!r}", code)
    code, settings = re.subn(r"SFTConfig\(max_length=None\)", "SFTConfig(**ONE_STEP)", code)
    assert (models, settings) == (1, 1)
    space = {"forget": forget, "ONE_STEP": {**ONE_STEP, "per_device_train_batch_size": len(forget)}}
    exec(code.replace("trainer.train()", ""), space)
    batch = space["trainer"].data_collator([dict(row) for row in space["rows"]])
    texts = [tiny.processor.tokenizer.decode(labels[labels != -100]) for labels in batch["labels"]]
    assert [text.removesuffix("</s>").strip() for text in texts] == [text.strip() for text in forget["answer"]]
    assert len(batch["pixel_values"]) == sum(map(len, forget["images"]))
    check_step(space["trainer"])


def test_multiple_choice_answer_is_the_right_option():
    num_choices = 0
    for name, benchmark in BENCHMARKS.items():
        for rows in loaded(name, next(iter(benchmark.CONFIGS))).values():
            for row in rows.remove_columns("images"):
                if FORMATS[row["format"]] == "multiple_choice":
                    num_choices += 1
                    assert row["answer"] == row["options"][row["correct"]]
                    assert not all(option in row["question"] for option in row["options"])
                else:
                    assert (row["options"], row["correct"]) == ([], -1)
    assert num_choices
