"""The trainers on Qwen3-VL's own model code; its processor needs torchvision, so a stand-in makes its inputs here.

Positions on three axes, features of inner layers of the tower and patches without a batch dimension are what no other
architecture of these tests has.
"""

import copy
import json

import baselines_support as support
import pytest
import qwen_vl
import tiny_models
import torch
import transformers
from tiny_architectures import qwen3_vl

from lethebench.baselines import METHODS
from lethebench.baselines.checkpoints.processors import load_processor
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.baselines.trainer.rows import AnswerCollator, EncodedRow, RowEncoder
from lethebench.contract.errors import UserError
from lethebench.contract.images import image_digest

FORGET, RETAIN = support.rows(range(2)), support.rows(range(2, 4))
FORGET[2] = {**FORGET[2], "images": [support.page(1), support.page(5)]}
RATE = 0.05


class StandIn(RowEncoder):
    """Inputs as Qwen3-VL's processor gives them, with noise in the place of patches, the same for the same picture."""

    def __init__(self, processor, untrained):
        super().__init__(processor)
        self.untrained = untrained

    def _encode(self, row):
        seeds = [int.from_bytes(image_digest(picture)[:4]) for picture in row["images"]]
        tokenizer = self.processor.tokenizer
        question, answer = (tokenizer(row[name])["input_ids"] for name in ("question", "answer"))
        item = self.untrained.encoded(seeds, question, [answer])
        ids = [*item.prompt.ids, *item.answers[0].ids]
        kinds = [*item.prompt.per_token["mm_token_type_ids"], *[0] * len(item.answers[0].ids)]
        text = {"input_ids": ids, "attention_mask": [1] * len(ids), "mm_token_type_ids": kinds}
        pictures = {name: value.float() if value.is_floating_point() else value for name, value in
                    item.prompt.per_row.items()}  # fmt: skip
        return EncodedRow({name: torch.tensor(value) for name, value in text.items()}, len(answer) + 1, pictures)


@pytest.fixture(scope="module")
def untrained():
    tiny = qwen3_vl(torch.float32, "sdpa")
    _, processor = tiny_models.llava(dtype=torch.float32, seed=0)  # TRL wants one; nothing is encoded with it
    return tiny, processor, StandIn(processor, tiny)


def trainer(untrained, method, folder, *, forget=FORGET, lora=False, **changes):
    tiny, processor, encoder = untrained
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    peft = LoraSettings(rank=2, alpha=4).peft_config() if lora else None
    settings = {**({} if lora else {"frozen": "visual"}), **changes}
    return support.stage(
        method, model, processor, folder, forget, RETAIN, encoder=encoder, peft_config=peft, **settings
    )


def moved(stage) -> set[str]:
    """Trains, and gives the names of the parameters that are other than before."""
    before = support.weights_of(stage.model)
    stage.train()
    return {name for name, value in stage.model.named_parameters() if not torch.equal(value, before[name])}


CASES = [
    (method, lora)
    for method in support.TRAINERS
    for lora in (False, True)
    if not (lora and METHODS[method].base_weights)
]


@pytest.mark.parametrize(("method", "lora"), CASES)
def test_every_method_trains_language_model_only(untrained, tmp_path, method, lora):
    names = moved(trainer(untrained, method, tmp_path, lora=lora, num_train_epochs=2))
    assert names
    assert not any("visual" in name for name in names)
    assert all("lora_" in name for name in names) == lora


def test_steps_are_those_of_rows_alone(untrained, tmp_path):
    """Two steps of GradDiff on mixed batches against the same steps written here row by row."""
    tiny, _, encoder = untrained
    by_hand = copy.deepcopy(tiny.model).requires_grad_(True)
    collate = AnswerCollator(encoder)

    def loss():
        forget, retain = (
            sum(
                -sum(logps[i, token] for i, token in enumerate(tokens.tolist())) / len(tokens)
                for logps, tokens in found
            )
            / len(found)
            for found in (support.row_answers(by_hand, collate, rows) for rows in (FORGET, RETAIN))
        )
        return -forget + 2 * retain

    changes = {**support.SGD, "learning_rate": RATE, "num_train_epochs": 2, "frozen": None, "retain_weight": 2.0}
    stage = trainer(untrained, "graddiff", tmp_path, **changes)
    before = support.weights_of(by_hand)
    for _ in range(2):
        change = support.plain_step(by_hand, loss, RATE)
        with torch.no_grad():
            for name in change:
                by_hand.get_parameter(name).add_(change[name])
    assert stage.train().global_step == 2
    for name in change:
        value = by_hand.get_parameter(name)
        size = (value - before[name]).abs().max().item()
        assert (stage.model.get_parameter(name) - value).abs().max().item() < 1e-3 * size + 2e-6, name


def test_pictures_reach_the_model(untrained, tmp_path):
    visible = [{**row, "images": [support.page(3)] if row["images"] else []} for row in FORGET]
    weights = []
    for forget in (FORGET, visible):
        stage = trainer(untrained, "npo", tmp_path, forget=forget)
        stage.train()
        weights.append(torch.cat([value.detach().flatten() for value in stage.model.parameters()]))
    assert not torch.equal(*weights)


@pytest.mark.parametrize("method", ["manu", "lumoe"])
def test_what_is_no_trainer_runs_too(untrained, method):
    tiny, processor, encoder = untrained
    model = copy.deepcopy(tiny.model).requires_grad_(True)
    before = support.weights_of(model)
    shared = {"bf16": False, "activation_checkpointing": False, "learning_rate": 1e-2, "max_steps": 2}
    methods = {"manu": {"share": 0.1}, "lumoe": {"gate": "embedding"}}
    preset = Preset("test", "", "any", LoraSettings(rank=2, alpha=4), None, shared, {}, {}, methods=methods)
    forget, retain = ([{**row, "task_id": task} for row in rows] for task, rows in ((0, FORGET), (-1, RETAIN)))
    result = unlearn(Stage(method, model, processor, forget, retain, preset=preset, encoder=encoder))
    if method == "manu":
        assert result.facts["neurons_pruned"] == round(0.1 * result.facts["neurons"]) > 0
        changed = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
        assert changed
        assert all(".mlp." in name for name in changed), sorted(changed)
    else:
        assert result.model.tasks == [0]
        assert set(result.model.route([*forget, *retain])) <= {0, None}
        base = result.model.model.get_base_model().state_dict()
        remaining = [value for name, value in base.items() if "lora_" not in name]
        assert all(torch.equal(*pair) for pair in zip(remaining, before.values(), strict=True))


@pytest.mark.skipif(qwen_vl.HAS_LIBRARY, reason="torchvision is installed")
@pytest.mark.parametrize("family", ["Qwen2_5_VL", "Qwen3VL", "Qwen2VL", "SmolVLM", "LlavaOnevision"])
def test_processor_without_its_library_says_what_to_install(family, tmp_path):
    config = getattr(transformers, f"{family}Config")()
    config.save_pretrained(tmp_path)
    qwen_vl.tokenizer().save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"image_processor_type": "Qwen2VLImageProcessor", "processor_class": f"{family}Processor"})
    )
    with pytest.raises(UserError, match=r"^the processor of \S+ needs Torchvision, .* pip install torchvision$"):
        load_processor(str(tmp_path), config)
