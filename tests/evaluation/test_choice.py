"""Multiple choice picks the likeliest option of plain passes."""

import numpy as np
import pytest
import torch
from plain_scores import plain_score
from tiny_models import llava, qa_rows

from lethebench.evaluation.answers.choice import choose_by_letter, choose_by_probability
from lethebench.evaluation.answers.letters import letter_question


def choice_rows():
    options = [["asthma", "migraine", "Type 2 diabetes"], ["O negative", "A positive", "B", "AB"], ["latex", "pollen"]]
    return [{**row, "options": texts} for row, texts in zip(qa_rows(), options, strict=False)]


@pytest.mark.parametrize("normalize", [True, False])
def test_choice_by_probability_equals_plain_passes(normalize):
    model, processor = llava()
    rows = choice_rows()
    for row, choice in zip(rows, choose_by_probability(model, processor, rows, normalize=normalize), strict=True):
        plain = [plain_score(model, processor, row, text) for text in row["options"]]
        values = [logprob / (count if normalize else 1) for logprob, count in plain]
        assert choice.logprobs == pytest.approx(values, abs=1e-9)
        assert choice.picked == int(np.argmax(values))


def letter_ids(processor, count):
    """Tokens of the letters; the template puts a space before an answer, merged with it or a token of its own."""
    return [processor.tokenizer(" " + letter, add_special_tokens=False)["input_ids"] for letter in "ABCD"[:count]]


def test_choice_by_letter_equals_plain_passes():
    model, processor = llava()
    rows = choice_rows()
    for row, choice in zip(rows, choose_by_letter(model, processor, rows), strict=True):
        question = letter_question(row["question"], row["options"])
        text = f"<s>USER: <image>\n{question} ASSISTANT:"
        inputs = processor(text=text, images=row["images"], add_special_tokens=False, return_tensors="pt")
        values = []
        for letter in letter_ids(processor, len(row["options"])):
            ids = torch.tensor([inputs["input_ids"][0].tolist() + letter])
            with torch.no_grad():
                logp = model(input_ids=ids, pixel_values=inputs["pixel_values"].double()).logits[0].log_softmax(-1)
            values.append(sum(logp[at - len(letter) - 1, one].item() for at, one in enumerate(letter)))
        assert choice.logprobs == pytest.approx(values, abs=1e-9)
        assert choice.picked == int(np.argmax(values))


def test_likelier_letter_is_picked():
    model, processor = llava()
    row = choice_rows()[2]
    (before,) = choose_by_letter(model, processor, [row])
    other = letter_ids(processor, 2)[1 - before.picked][-1]

    def push(module, inputs, logits):
        logits[..., other] += 50
        return logits

    handle = model.lm_head.register_forward_hook(push)
    (after,) = choose_by_letter(model, processor, [row])
    handle.remove()
    assert after.picked == 1 - before.picked


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (None, "its options are None"),
        (["latex"], "it has 1 options"),
        (["latex", "latex"], "no two of them equal"),
        (["latex", 3], "give a list of texts"),
        ([f"n{n}" for n in range(27)], "2 to 26"),
    ],
)
def test_invalid_options_name_the_row(options, message):
    model, processor = llava()
    rows = [choice_rows()[0], {**choice_rows()[1], "options": options}]
    with pytest.raises(ValueError, match=f"a/vqa/blood_type: {message}|a/vqa/blood_type: .*{message}"):
        choose_by_letter(model, processor, rows)
