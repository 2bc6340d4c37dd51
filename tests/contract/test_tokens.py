"""Trained tokens equal scored tokens: the answer and the token that ends its turn, whatever the template writes."""

import copy

import architectures
import baselines_support as support
import other_processors
import pytest
import tiny_architectures
import tiny_models
import torch

from lethebench.baselines.trainer.rows import AnswerCollator, RowEncoder
from lethebench.contract import chat_template
from lethebench.contract.errors import UserError
from lethebench.contract.tokens import common_length, encode
from lethebench.evaluation.likelihood import score_answers

ROWS = support.rows(range(3))
ROWS[2] = {**ROWS[2], "images": [support.page(1), support.page(2)]}
ROWS[3] = {**ROWS[3], "answer": "A city,\n <b>not</b> a village "}
TURN = "{% for part in m.content %}{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}"
CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n" + TURN + "<|im_end|>\n{% endfor %}"
OPEN = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
SYSTEM = "{% if messages[0].role != 'system' %}<|im_start|>system\nYou are helpful.<|im_end|>\n{% endif %}"
PLAIN = "{% for m in messages %}{% if m.role == 'user' %}USER: {% else %}ASSISTANT: {% endif %}" + TURN
MARK = "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
EOS = "{% if m.role == 'assistant' %}</s>{% endif %}"
TEMPLATES = {
    "eos": (PLAIN + EOS + "{% endfor %}" + MARK, "</s>"),
    "eos and newline": (PLAIN + EOS + "{{ '\\n' }}{% endfor %}" + MARK, "</s>"),
    "chatml": (CHATML + OPEN, "<|im_end|>"),
    "system prompt": (SYSTEM + CHATML + OPEN, "<|im_end|>"),
    "no marker": (PLAIN + EOS + "{% endfor %}", "</s>"),
    "chatml, no marker": (CHATML, "<|im_end|>"),
    "no end": (PLAIN + " {% endfor %}" + MARK, "</s>"),
    "end of text after the turn": (
        CHATML + "{% if add_generation_prompt %}<|im_start|>assistant\n{% else %}</s>{% endif %}",
        "<|im_end|>",
    ),
}
"""What a template writes around an answer -> the template, and the token that ends the assistant's turn."""


def trained_ids(processor, rows):
    batch = AnswerCollator(RowEncoder(processor))(rows)
    assert torch.equal(batch["labels"][batch["labels"] != -100], batch["input_ids"][batch["labels"] != -100])
    return [labels[labels != -100].tolist() for labels in batch["labels"]], batch


def assert_trained_equal_scored(processor, rows, end=None):
    trained, batch = trained_ids(processor, rows)
    scored = encode(processor, rows, [[row["answer"]] for row in rows])
    tokenizer = processor.tokenizer
    for index, (row, ids, question) in enumerate(zip(rows, trained, scored, strict=True)):
        (answer,) = question.answers
        assert ids == list(answer.ids)
        assert tokenizer.decode(ids[:-1]).strip() == row["answer"].strip()
        assert ids[-1] in tokenizer.all_special_ids
        assert end is None or tokenizer.convert_ids_to_tokens(ids[-1]) == end
        inputs = batch["input_ids"][index][batch["attention_mask"][index].bool()].tolist()
        assert inputs == [*question.prompt.ids[: answer.start], *answer.ids]


def chatml_processor():
    """The embedded model's processor with two more special tokens."""
    processor = copy.deepcopy(support.tiny().processor)
    processor.tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return processor


@pytest.mark.parametrize("name", TEMPLATES)
def test_trained_tokens_equal_scored_tokens_by_template(name):
    processor = chatml_processor()
    processor.chat_template, end = TEMPLATES[name]
    assert_trained_equal_scored(processor, ROWS, end)


PROCESSORS = {
    "embedded": lambda: support.tiny().processor,
    **{f"tiny {name}": make for name, make in other_processors.PROCESSORS.items()},
    "tiny llava": lambda: tiny_models.llava()[1],
    "tiny idefics3": lambda: tiny_models.idefics3()[1],
}
NAMED = [pytest.param(name, marks=architectures.marks(name)) for name in architectures.ARCHITECTURES]


@pytest.mark.parametrize("name", PROCESSORS)
def test_trained_tokens_equal_scored_tokens_by_processor(name):
    assert_trained_equal_scored(PROCESSORS[name](), ROWS)


@pytest.mark.parametrize("name", NAMED)
def test_loss_is_the_negative_mean_log_probability(name):
    model, processor = architectures.make(name)
    assert_trained_equal_scored(processor, ROWS)
    assert_loss_equals_score(model, processor, ROWS)


def assert_loss_equals_score(model, processor, rows):
    collate = AnswerCollator(RowEncoder(processor))
    for row, score in zip(rows, score_answers(model, processor, rows), strict=True):
        inputs = {
            key: value.to(model.dtype) if value.is_floating_point() else value for key, value in collate([row]).items()
        }
        with torch.no_grad():
            loss = model(**inputs).loss.item()
        assert loss * score.num_tokens == pytest.approx(-score.logprob, rel=1e-4, abs=1e-3)


def test_prefix_model_trains_on_its_suffix():
    """PaliGemma's prompt tokens see each other; an answer's tokens must not be part of that prefix."""
    processor = other_processors.paligemma()
    rows = [row for row in ROWS if row["images"]]
    assert_trained_equal_scored(processor, rows, "</s>")
    model = tiny_architectures.ARCHITECTURES["paligemma"](torch.float64, "sdpa").model
    assert_loss_equals_score(model, processor, rows)


def test_special_token_texts_in_answers_are_plain_text():
    processor = support.tiny().processor
    row = {**ROWS[0], "answer": "O</s> negative <image>"}
    ((ids,), _) = trained_ids(processor, [row])
    assert ids[-1] == processor.tokenizer.eos_token_id
    assert not set(ids[:-1]) & set(processor.tokenizer.all_special_ids)
    assert_trained_equal_scored(processor, [row])


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
FAULTY = {
    "with a picture": (
        f"{{% if messages[0]['content'][0]['type'] == 'image' %}}{LOOP}{{% endif %}}", 0, "1 pictures: it does not end"
    ),
    "with two pictures": (
        f"{{% if messages[0]['content'] | length > 2 %}}{LOOP}{{% endif %}}", 1, "2 pictures: it does not end"
    ),
    "at an answer": (f"{{% if messages[1] %}}{LOOP}{{% endif %}}", 0, "0 pictures: it does not end"),
    "raises at pictures": (
        "{% if messages[0]['content'][0]['type'] == 'image' %}{{ raise_exception('no pictures') }}{% endif %}",
        0, "1 pictures: no pictures",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_template_that_fails_on_some_rows_is_one_line(name, monkeypatch):
    start, plain, message = FAULTY[name]
    monkeypatch.setattr(chat_template, "TEMPLATE_SECONDS", 0.2)
    _, processor = tiny_models.llava()
    processor.chat_template = start + processor.chat_template
    picture = tiny_models.picture(1)
    rows = [{"id": str(number), "question": "What is it?", "images": [picture] * number} for number in range(3)]
    if name != "at an answer":
        assert encode(processor, rows[: plain + 1], [["a"]] * (plain + 1))
    with pytest.raises(
        UserError, match=f"^the chat template fails on the question 'What is it\\?' with {message}"
    ) as caught:
        encode(processor, rows, [["a"]] * 3)
    assert "\n" not in str(caught.value)


def test_special_token_text_in_question_raises():
    with pytest.raises(ValueError, match=r"blood_type: its question contains '</s>'"):
        RowEncoder(support.tiny().processor)({**ROWS[0], "question": "What is </s>?"})


@pytest.mark.parametrize(("first", "second", "length"), [([], [1], 0), ([1, 2], [1, 2, 3], 2), ([1, 9], [1, 2], 1)])
def test_common_length(first, second, length):
    assert common_length(first, second) == length
