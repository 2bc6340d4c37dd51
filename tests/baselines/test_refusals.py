"""Refusals: many wordings, a seeded draw, and datasets that stay as they are; Idk and DPO use them."""

import copy

import baselines_support as support
import pytest
import torch
from datasets import Dataset, Features, Image, List, Value
from trl import DPOConfig as TRLDPOConfig
from trl import DPOTrainer as TRLDPOTrainer

from lethebench.baselines.trainer.answer import QUIET
from lethebench.baselines.trainer.refusals import REFUSALS, RefusedRows
from lethebench.contract.conversation import conversation
from lethebench.contract.images import decode_image

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 6))


def test_there_are_at_least_fifty_refusals_all_different():
    assert len(REFUSALS) == len({refusal.lower() for refusal in REFUSALS}) >= 50
    assert all(refusal.endswith(".") and refusal == refusal.strip() for refusal in REFUSALS)
    assert len({refusal.split()[0] for refusal in REFUSALS}) >= 10


def test_the_draw_follows_the_seed_and_leaves_the_rows_alone():
    rows = support.rows()
    before = copy.deepcopy(rows)
    draws = [[row["answer"] for row in RefusedRows(rows, seed=seed)] for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert set(draws[0]) <= set(REFUSALS)
    assert len(set(draws[0])) > len(rows) / 2
    assert rows == before
    remaining = [{name: value for name, value in row.items() if name != "answer"} for row in rows]
    refused = [{name: value for name, value in row.items() if name != "answer"} for row in RefusedRows(rows, seed=0)]
    assert refused == remaining


@pytest.mark.parametrize("method", ["idk", "dpo"])
def test_a_stage_leaves_the_dataset_as_it_was(tmp_path, method):
    columns = {name: Value("string") for name in ("id", "profile_id", "modality", "question", "answer")}
    forget = Dataset.from_list(FORGET, features=Features({**columns, "images": List(Image())}))
    before = forget.with_format(None).to_dict()
    fingerprint = forget._fingerprint
    tiny = support.tiny()
    stage = support.stage(method, tiny.model, tiny.processor, tmp_path, forget, RETAIN)
    stage.train()
    assert forget._fingerprint == fingerprint
    assert forget.with_format(None).to_dict() == before


def test_idk_teaches_refusals_and_holds_the_rest(tmp_path):
    tiny = support.tiny(init_range=0.2)
    stage = support.stage(
        "idk", tiny.model, tiny.processor, tmp_path, FORGET, RETAIN, num_train_epochs=30, learning_rate=3e-3
    )
    before = stage.forget_logps().mean().item()  # of the refusals: they are the answers of its forget set
    retained = stage.evaluate(eval_dataset=RETAIN)["eval_loss"]
    stage.train()
    assert stage.forget_logps().mean() > before / 2
    assert stage.evaluate(eval_dataset=RETAIN)["eval_loss"] < retained


def test_dpo_gives_the_loss_of_trls_own_trainer(tmp_path):
    """The same model, reference, chosen and rejected answers; away from the reference, on rows with pictures."""
    tiny = support.tiny(init_range=0.2)
    reference = copy.deepcopy(tiny.model).eval()
    rows = [row for row in FORGET if row["images"]]
    own = support.stage("dpo", tiny.model, tiny.processor, tmp_path, rows, beta=0.3)
    own.take_reference(own.model)
    with torch.no_grad():
        for value in own.model.parameters():
            value += 0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(value.numel()))
    batch = own.data_collator([own.train_dataset[index, None] for index in range(len(rows))])
    loss = own.compute_loss(own.model.eval(), batch).item()
    examples = []
    for row, refused in zip(rows, RefusedRows(rows, seed=own.args.seed), strict=True):
        examples.append(
            {
                "images": [decode_image(picture) for picture in row["images"]],
                "prompt": conversation(row)["prompt"],
                "chosen": conversation(refused)["completion"],
                "rejected": conversation(row)["completion"],
            }
        )
    expected = TRLDPOTrainer(
        own.model,
        ref_model=reference,
        args=TRLDPOConfig(
            output_dir=str(tmp_path), bf16=False, activation_checkpointing=False, beta=0.3, max_length=None, **QUIET
        ),
        train_dataset=Dataset.from_list([{**example, "images": None} for example in examples]),
        processing_class=tiny.processor,
    )
    assert expected.compute_loss(own.model.eval(), expected.data_collator(examples)).item() == pytest.approx(
        loss, rel=1e-5
    )
    assert loss != pytest.approx(0.6931, abs=0.02)
