"""What the trainers are given: modality, several pictures a row, and bad input that stops a stage early."""

import copy
import warnings

import baselines_support as support
import pytest
import torch
from datasets import Dataset, DatasetDict, Features, Image, List, Value
from peft import LoraConfig, PromptTuningConfig
from trl import SFTConfig

from lethebench.baselines import method_entry
from lethebench.baselines.losses import sequence_logps
from lethebench.baselines.presets import LANGUAGE_MODEL_LINEARS
from lethebench.baselines.trainer.answer import AnswerTrainer
from lethebench.baselines.trainer.rows import RowEncoder, of_modality
from lethebench.baselines.trainer.weights import check_lora

FORGET = support.rows(range(2))
RETAIN = support.rows(range(2, 6))


@pytest.fixture(scope="module")
def tiny():
    return support.tiny(init_range=0.2)


def fresh(tiny):
    return copy.deepcopy(tiny.model).requires_grad_(True)


def as_dataset(rows):
    columns = {name: Value("string") for name in ("id", "profile_id", "modality", "question", "answer")}
    return Dataset.from_list(rows, features=Features({**columns, "images": List(Image())}))


@pytest.mark.parametrize("kind", [list, as_dataset])
def test_modality_chooses_rows_by_their_pictures(kind):
    rows = kind(FORGET)
    observed, read = of_modality(rows, "image_text"), of_modality(rows, "text")
    assert [row["id"] for row in observed] == [row["id"] for row in FORGET if row["images"]]
    assert [row["id"] for row in read] == [row["id"] for row in FORGET if not row["images"]]
    assert len(observed) == len(read) == 4
    assert of_modality(rows, "both") is rows
    with pytest.raises(ValueError, match="modality is 'picture'"):
        of_modality(rows, "picture")


@pytest.mark.parametrize("method", ["npo", "idk"])
def test_modality_selects_forget_rows_only(tiny, tmp_path, method):
    results = {}
    for name, forget, modality in (
        ("option", FORGET, "text"),
        ("by hand", [row for row in FORGET if not row["images"]], "both"),
        ("other", FORGET, "image_text"),
    ):
        options = {"modality": modality, "per_device_train_batch_size": 4}
        stage = support.stage(method, fresh(tiny), tiny.processor, tmp_path, forget, RETAIN, **options)
        stage.train()
        results[name] = support.weights_of(stage.model)
        assert len(stage.train_dataset.retain) == len(RETAIN)
    first, second, third = results.values()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], third[name]) for name in first)


def test_a_modality_without_rows_is_refused(tiny, tmp_path):
    texts = [row for row in FORGET if not row["images"]]
    with pytest.raises(ValueError, match=r"no forget row of modality 'image_text' among 4"):
        support.stage("ga", fresh(tiny), tiny.processor, tmp_path, texts, modality="image_text")


def test_mixed_picture_counts_share_a_batch(tiny, tmp_path):
    rows = [dict(row) for row in FORGET[:3]]
    rows[2]["images"] = [support.page(3), support.page(4)]
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, rows, RETAIN)
    together = stage.forget_logps()
    single = [support.row_answers(stage.model, stage.data_collator, [row])[0] for row in rows]
    for value, (logps, tokens) in zip(together, single, strict=True):
        assert value.item() == pytest.approx(logps.gather(-1, tokens[:, None]).sum().item(), rel=1e-4)
    swapped = [*rows[:2], {**rows[2], "images": rows[2]["images"][::-1]}]
    other = support.stage("npo", stage.model, tiny.processor, tmp_path, swapped, RETAIN)
    assert other.forget_logps()[2] != together[2]
    stage.train()


def test_in_one_pass_as_in_groups_by_picture(tiny, tmp_path):
    """Several processes run a mixed batch in one pass; one process runs picture rows and text rows apart."""
    stage = support.stage("kl", fresh(tiny), tiny.processor, tmp_path, FORGET, RETAIN)
    batch = stage.data_collator([stage.forget_rows[index] for index in range(8)])
    whole = torch.tensor([True, False] * 3 + [True, True])
    model = stage.model.eval()
    apart = stage.answers(model, batch, whole=whole)
    unmixed = {**batch, "row_has_picture": torch.ones(8, dtype=torch.bool)}
    together = stage.answers(model, unmixed, whole=whole)
    torch.testing.assert_close(
        sequence_logps(apart.logps, apart.mask), sequence_logps(together.logps, together.mask), rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(apart.distributions, together.distributions, rtol=1e-3, atol=1e-4)
    assert len(apart.distributions) == apart.mask[whole].sum()


@pytest.mark.parametrize("where", ["forget", "retain"])
def test_broken_picture_stops_before_first_step(tiny, tmp_path, where):
    broken = [dict(row) for row in support.rows(range(5, 6))]
    whole = broken[2]["images"][0]["bytes"]
    broken[2]["images"] = [{"bytes": whole[: len(whole) // 2], "path": None}]
    parts = {"forget": FORGET, "retain": RETAIN, where: broken}
    stage = support.stage("npo", fresh(tiny), tiny.processor, tmp_path, parts["forget"], parts["retain"])
    before = support.weights_of(stage.model)
    with pytest.raises(ValueError, match=f"picture of row {broken[2]['id']} cannot be read"):
        stage.train()
    assert all(torch.equal(value, before[name]) for name, value in stage.model.named_parameters())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: DatasetDict(train=as_dataset(rows)), "is of type DatasetDict and holds train"),
        (lambda rows: as_dataset(rows).to_iterable_dataset(), "IterableDataset, which cannot be read by index"),
        (lambda rows: iter(rows), "which cannot be read by index"),
        (lambda rows: as_dataset(rows).remove_columns("images"), "has no column images: QA rows have images, question"),
        (lambda rows: [{"prompt": "", "completion": ""}], "has no column images, question, answer"),
        (lambda rows: [{**row, "images": None} for row in rows], "has NoneType as images: give a list of pictures"),
        (lambda rows: [{**row, "answer": None} for row in rows], "has NoneType as answer"),
        (lambda rows: [rows[0], {"question": "", "answer": ""}], "row \\? has NoneType as images"),
        (lambda rows: [1, 2], "is of type list over int: give a Dataset or a list of dicts"),
        (lambda rows: [{**row, "images": [{"bytes": "aGVsbG8="}]} for row in rows], "has text as bytes"),
        (lambda rows: [{**row, "images": ["page.png"]} for row in rows], "picture of row .* is a str: give a PIL"),
        (
            lambda rows: [{**row, "images": [{"bytes": None, "path": "/nowhere.png"}]} for row in rows],
            "the picture of row icu/medical-0000/image_text/blood_type cannot be read .*nowhere",
        ),
    ],
)
@pytest.mark.parametrize("where", ["train_dataset", "retain_dataset"])
def test_invalid_rows_are_refused_in_one_line(tiny, tmp_path, where, change, says):
    arguments = {"train_dataset": FORGET, "retain_dataset": RETAIN[:8], where: change(FORGET)}
    with pytest.raises(ValueError, match=says):
        support.stage("npo", fresh(tiny), tiny.processor, tmp_path, *arguments.values()).train()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label_smoothing_factor", 0.3),
        ("loss_type", "dft"),
        ("max_length", 64),
        ("completion_only_loss", False),
        ("packing", True),
        ("remove_unused_columns", True),
        ("train_sampling_strategy", "sequential"),
    ],
)
def test_settings_without_effect_are_refused(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r} has no effect in these trainers: leave it at"):
        method_entry("npo").load().config_class(output_dir=str(tmp_path), bf16=False, **{name: value})


def test_rows_to_evaluate_on_are_qa_rows_too(tiny):
    arguments = {"train_dataset": FORGET, "processing_class": tiny.processor}
    with pytest.raises(ValueError, match="eval_dataset has no column images"):
        method_entry("ga").load()(fresh(tiny), eval_dataset={"held": [{"prompt": ""}]}, **arguments)
    with pytest.raises(ValueError, match="train_dataset is absent"):
        AnswerTrainer(fresh(tiny), processing_class=tiny.processor)
    learner = AnswerTrainer(
        fresh(tiny), args=SFTConfig(bf16=False, report_to="none"), eval_dataset=as_dataset(RETAIN), **arguments
    )
    assert learner.evaluate()["eval_loss"] > 0


@pytest.mark.parametrize("name", ["compute_loss_func", "compute_metrics", "formatting_func"])
def test_unused_functions_are_refused(tiny, name):
    with pytest.raises(ValueError, match=f"GATrainer does not use {name}"):
        method_entry("ga").load()(
            fresh(tiny), train_dataset=FORGET, processing_class=tiny.processor, **{name: lambda *_: None}
        )


@pytest.mark.parametrize("method", ["npo", "dpo", "mmunlearner"])
def test_another_method_s_config_is_refused(tiny, tmp_path, method):
    name = method_entry(method).load().config_class.__name__
    for kind in (SFTConfig, method_entry("ga").load().config_class):
        with pytest.raises(ValueError, match=f"takes {name} as args, not {kind.__name__}"):
            method_entry(method).load()(
                fresh(tiny),
                args=kind(output_dir=str(tmp_path), bf16=False),
                train_dataset=FORGET,
                retain_dataset=RETAIN,
                processing_class=tiny.processor,
            )


def test_tokenizer_and_foreign_encoder_are_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match="no processor of a vision-language model"):
        support.stage("ga", fresh(tiny), tiny.processor.tokenizer, tmp_path, FORGET)
    encoder = RowEncoder(copy.deepcopy(tiny.processor))
    with pytest.raises(ValueError, match="encoder belongs to another processor"):
        support.stage("ga", fresh(tiny), tiny.processor, tmp_path, FORGET, encoder=encoder)
    support.stage("ga", fresh(tiny), None, tmp_path, FORGET, encoder=encoder)


@pytest.mark.parametrize("method", [name for name in support.TRAINERS if name not in ("ga", "simnpo", "dpo")])
def test_missing_retain_rows_are_refused(tiny, tmp_path, method):
    for retain in (None, []):
        with pytest.raises(ValueError, match="retain_dataset is empty"):
            support.stage(method, fresh(tiny), tiny.processor, tmp_path, FORGET, retain)


@pytest.mark.parametrize("method", support.TRAINERS)
@pytest.mark.parametrize(
    ("changes", "word"), [({"modality": "pictures"}, "modality"), ({"retain_weight": -1.0}, "retain")]
)
def test_invalid_settings_are_refused(tmp_path, method, changes, word):
    with pytest.raises(ValueError, match=word):
        method_entry(method).load().config_class(output_dir=str(tmp_path), bf16=False, **changes)


@pytest.mark.parametrize("method", ["npo", "simnpo", "dpo"])
def test_unknown_retain_loss_is_refused(tmp_path, method):
    with pytest.raises(ValueError, match="retain_loss is 'l2'"):
        method_entry(method).load().config_class(output_dir=str(tmp_path), bf16=False, retain_loss="l2")
    with pytest.raises(ValueError, match="beta"):
        method_entry(method).load().config_class(output_dir=str(tmp_path), bf16=False, beta=0.0)


def test_a_lora_that_matches_nothing_is_refused(tiny):
    with pytest.raises(ValueError, match=r"no layer of .* matches target_modules=\['query'\].*lm_head"):
        check_lora(tiny.model, LoraConfig(target_modules=["query"]))


def test_other_peft_adapters_are_accepted(tiny):
    assert check_lora(tiny.model, LoraConfig(target_modules=["embed_tokens"])) == ["model.language_model.embed_tokens"]
    assert check_lora(tiny.model, LoraConfig(target_modules=None)) == []
    assert check_lora(tiny.model, LoraConfig(target_modules=["nothing"], target_parameters=["weight"])) == []
    assert check_lora(tiny.model, PromptTuningConfig(num_virtual_tokens=2)) == []


@pytest.mark.parametrize("method", ["npo", "mmunlearner"])
def test_frozen_model_is_refused(tiny, tmp_path, method):
    """As PEFT leaves a model when its adapter is taken off or merged."""
    args = method_entry(method).load().config_class(output_dir=str(tmp_path), bf16=False)
    arguments = {"train_dataset": FORGET, "retain_dataset": RETAIN, "processing_class": tiny.processor}
    with pytest.raises(ValueError, match=r"Trainer got a model without trained parameters: .*requires_grad_\(True\)"):
        method_entry(method).load()(fresh(tiny).requires_grad_(False), args=args, **arguments)


def test_lora_on_vision_tower_warns(tiny, tmp_path):
    with pytest.warns(UserWarning, match=r"also puts LoRA on 1 of 3 layers in the vision part, such as 'model.vision"):
        result = check_lora(tiny.model, LoraConfig(target_modules=["q_proj"]))
    assert len(result) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        language = check_lora(tiny.model, LoraConfig(target_modules=LANGUAGE_MODEL_LINEARS))
        check_lora(tiny.model, LoraConfig(target_modules=r".*vision_tower.*q_proj"))
    assert len(language) == 14
    args = method_entry("ga").load().config_class(output_dir=str(tmp_path), bf16=False)
    with pytest.warns(UserWarning, match="vision part"):
        method_entry("ga").load()(
            fresh(tiny),
            args=args,
            train_dataset=FORGET,
            processing_class=tiny.processor,
            peft_config=LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM"),
        )
