"""Batches of rows: the same as TRL's collator makes, pairs of rows, pictures and the cache."""

import baselines_support as support
import pytest
import torch
from datasets import Dataset, Features, Image, List, Value
from PIL import Image as PillowImage
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from lethebench.baselines.trainer.pairs import PairedRows, PairSampler
from lethebench.baselines.trainer.rows import AnswerCollator, EncodedRows, RowEncoder, undecoded
from lethebench.contract.images import decode_image


@pytest.fixture(scope="module")
def llava():
    tiny = support.tiny(init_range=0.3)
    return tiny.model.eval(), tiny.processor


@pytest.fixture(scope="module")
def idefics3():
    return support.idefics3()


def trl_batch(processor, rows):
    """TRL's batch, without labels on what the template writes after the end of a turn."""
    examples = [
        {
            "images": [decode_image(picture) for picture in row["images"]],
            "prompt": [{"role": "user", "content": row["question"]}],
            "completion": [{"role": "assistant", "content": row["answer"]}],
        }
        for row in rows
    ]
    batch = DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)(examples)
    special = torch.tensor(processor.tokenizer.all_special_ids)
    for labels in batch["labels"]:
        labels[torch.isin(labels, special).nonzero().max() + 1 :] = -100
    return batch


def some_rows(kind):
    rows = support.rows()
    return {
        "mixed": rows[:6],
        "text first": rows[1::-1] + rows[6:8],
        "pictures only": rows[::2],
        "text only": rows[1::2],
    }[kind]


@pytest.mark.parametrize("kind", ["mixed", "text first", "pictures only", "text only"])
@pytest.mark.parametrize("architecture", ["llava", "idefics3"])
def test_batch_equals_trl_up_to_turn_ends(request, architecture, kind):
    model, processor = request.getfixturevalue(architecture)
    rows = some_rows(kind)
    ours, theirs = AnswerCollator(RowEncoder(processor))(rows), trl_batch(processor, rows)
    width = ours["input_ids"].shape[1]
    if architecture == "llava":  # its template writes nothing after the end token
        assert all(torch.equal(ours[name], theirs[name]) for name in ("input_ids", "attention_mask", "labels"))
    mask = ours["attention_mask"].bool()
    assert torch.equal(ours["input_ids"][mask], theirs["input_ids"][:, :width][mask])
    assert torch.equal(ours["labels"], theirs["labels"][:, :width])
    assert (theirs["labels"][:, width:] == -100).all()
    with torch.no_grad():
        difference = model(**ours).loss - model(**theirs).loss
    assert abs(difference.item()) < 1e-5
    assert ("pixel_values" in ours) == (kind != "text only")


def test_unequal_tile_counts_share_a_batch(idefics3):
    model, processor = idefics3
    rows = support.rows()[:6]
    rows[2] = {**rows[2], "images": [support.page(1, (20, 20)), support.page(2, (64, 32))]}
    rows[4] = {**rows[4], "images": [support.page(4, (16, 16))]}
    collate = AnswerCollator(RowEncoder(processor))
    with torch.no_grad():
        together = model(**{k: v for k, v in collate(rows).items() if k != "labels"}).logits
        for index, row in enumerate(rows):
            batch = collate([row])
            batch.pop("labels")
            alone = model(**batch).logits
            torch.testing.assert_close(together[index, : alone.shape[1]], alone[0], rtol=1e-4, atol=1e-4)


def test_labels_are_answer_and_end_token_only(llava):
    _, processor = llava
    rows = support.rows()[:5]
    batch = AnswerCollator(RowEncoder(processor))(rows)
    for row, labels, ids in zip(rows, batch["labels"], batch["input_ids"], strict=True):
        assert processor.tokenizer.decode(labels[labels != -100]) == f" {row['answer']}</s>"
        assert (labels[ids == processor.image_token_id] == -100).all()
        assert torch.equal(ids[labels != -100], labels[labels != -100])


def test_template_without_turn_end_gets_end_token(llava):
    """LLaVA-1.5's template closes an answer with a space: trained on it alone, a model would never stop."""
    processor = support.tiny().processor
    processor.chat_template = (
        "{% for message in messages %}{{ message.role | upper }}: {% for part in message.content %}"
        "{% if part.type == 'image' %}<image>\n{% else %}{{ part.text }} {% endif %}{% endfor %}{% endfor %}"
        "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
    )
    row = support.rows()[0]
    encoded = RowEncoder(processor)(row)
    answer = processor.tokenizer.decode(encoded.text["input_ids"][-encoded.answer_tokens :])
    assert answer == f" {row['answer']}</s>"


def test_prompt_equals_generation_prompt(llava):
    _, processor = llava
    row = support.rows()[0]
    content = [{"type": "image"}, {"type": "text", "text": row["question"]}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    ids = processor(text=[prompt], images=[[decode_image(row["images"][0])]], add_special_tokens=False)["input_ids"][0]
    encoded = RowEncoder(processor)(row)
    assert encoded.text["input_ids"][: -encoded.answer_tokens].tolist() == list(ids)


def test_pictures_are_processed_and_cached_once(llava, monkeypatch):
    _, processor = llava
    calls = []
    original = type(processor.image_processor).preprocess
    monkeypatch.setattr(
        type(processor.image_processor), "preprocess", lambda *a, **k: calls.append(1) or original(*a, **k)
    )
    rows = [row for row in support.rows() if row["modality"] == "image_text"]
    encoder = RowEncoder(processor)
    encoded = EncodedRows(rows, encoder)
    first = [encoded[index] for index in range(len(rows))]
    assert len(calls) == len(rows)
    again = EncodedRows([dict(row) for row in rows], encoder)
    assert all(again[index] is first[index] and encoded[index] is first[index] for index in range(len(rows)))
    assert len(calls) == len(rows)
    # Rows 0 and 1 ask about one picture: its tensor is held once.
    assert first[0].pictures["pixel_values"] is first[1].pictures["pixel_values"]
    assert first[0].pictures["pixel_values"] is not first[2].pictures["pixel_values"]


def test_rows_whose_pictures_are_bytes_are_not_copied():
    rows = Dataset.from_list([{"question": "a", "images": []}]).cast_column("images", List(Image()))
    as_bytes = undecoded(rows)
    assert as_bytes.features["images"] == List(Image(decode=False))
    assert undecoded(as_bytes) is as_bytes
    texts = rows.remove_columns("images")
    assert undecoded(texts) is texts


def test_full_cache_encodes_the_same_again(llava):
    _, processor = llava
    rows = [row for row in support.rows() if row["modality"] == "image_text"]
    one = 3 * 32 * 32 * 4
    small, large = RowEncoder(processor, cache_bytes=2 * one), RowEncoder(processor)
    for _ in range(2):
        for row in rows:
            assert torch.equal(small(row).pictures["pixel_values"], large(row).pictures["pixel_values"])
    assert len(small.prompts.pictures) == 2


def test_dataset_and_list_give_equal_batches(llava):
    _, processor = llava
    rows = support.rows()[:4]
    text = {name: Value("string") for name in ("id", "profile_id", "modality", "question", "answer")}
    dataset = Dataset.from_list(rows, features=Features({**text, "images": List(Image())}))
    assert isinstance(dataset[0]["images"][0], PillowImage.Image)
    encoded = EncodedRows(dataset, RowEncoder(processor))
    ours = AnswerCollator(encoded.encoder)([encoded[index] for index in range(4)])
    plain = AnswerCollator(RowEncoder(processor))(rows)
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_broken_picture_names_the_row(llava):
    _, processor = llava
    row = {**support.rows()[0], "images": [{"bytes": b"not a picture", "path": None}]}
    with pytest.raises(ValueError, match="icu/medical-0000/image_text/blood_type cannot be read"):
        RowEncoder(processor)(row)
    whole = support.page(0)["bytes"]
    row["images"] = [{"bytes": whole[: len(whole) // 2], "path": None}]
    with pytest.raises(ValueError, match="cannot be read"):
        RowEncoder(processor)(row)


def test_empty_answer_and_missing_template_raise(llava):
    _, processor = llava
    with pytest.raises(ValueError, match="empty answer"):
        RowEncoder(processor)({**support.rows()[0], "answer": " "})
    bare = support.tiny().processor
    bare.chat_template = None
    with pytest.raises(ValueError, match="no chat template"):
        RowEncoder(bare)


def test_pair_sampler_covers_forget_and_cycles_retain():
    sampler = PairSampler(7, 3, seed=5)
    retain_rows = []
    for epoch in range(4):
        sampler.set_epoch(epoch)
        pairs = list(sampler)
        assert len(pairs) == len(sampler) == 7
        assert sorted(forget for forget, _ in pairs) == list(range(7))
        retain_rows += [retain for _, retain in pairs]
    # 28 draws of 3 rows: whole permutations one after another.
    assert all(sorted(retain_rows[start : start + 3]) == [0, 1, 2] for start in range(0, 27, 3))
    assert len({tuple(retain_rows[start : start + 3]) for start in range(0, 27, 3)}) > 1


def test_pairs_depend_on_seed_and_epoch_only():
    def epoch(seed, number):
        sampler = PairSampler(9, 20, seed=seed)
        sampler.set_epoch(number)
        return list(sampler)

    assert epoch(1, 2) == epoch(1, 2)
    assert epoch(1, 2) != epoch(1, 3)
    assert epoch(1, 2) != epoch(2, 2)
    assert {retain for _, retain in PairSampler(4, 0, seed=0)} == {None}


def test_paired_batch_is_forget_rows_then_retain_rows(llava):
    _, processor = llava
    encoder = RowEncoder(processor)
    rows = support.rows()
    pairs = PairedRows(EncodedRows(rows[:4], encoder), EncodedRows(rows[8:], encoder))
    batch = AnswerCollator(encoder)([pairs[(2, 5)], pairs[(0, 1)]])
    assert batch["forget_index"].tolist() == [2, 0]
    plain = AnswerCollator(encoder)([rows[2], rows[0], rows[13], rows[9]])
    assert all(torch.equal(batch[name], plain[name]) for name in plain)
