"""Scores and generated answers of Qwen-VL with its own processor, against `apply_chat_template` and plain passes."""

from typing import NamedTuple

import pytest
import qwen_vl
import torch
from plain_scores import answers_of
from tiny_models import CANDIDATES, picture, qa_rows

from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.likelihood import score_answers, score_many
from lethebench.evaluation.likelihood.forward import _decoder_positions
from lethebench.evaluation.likelihood.prefix_sharing import SharingMode

pytestmark = [pytest.mark.slow, qwen_vl.NEEDS_LIBRARY, pytest.mark.usefixtures("float64")]
NEW_TOKENS = 8


def _rows() -> list[dict]:
    """Rows with no picture, one and several, in five sizes."""
    rows = qa_rows()
    lists = [[picture(4, (40, 120)), picture(5)], [picture(6, (160, 40)), picture(7, (200, 200)), picture(1)]]
    lists += [[picture(8)], [picture(8)]]  # prompts as long as the first two rows'
    more = [
        {**row, "id": f"{row['id']}/{index}", "images": images}
        for index, (row, images) in enumerate(zip([*rows[:2], *rows[:2]], lists, strict=True))
    ]
    return rows + more


ROWS = _rows()


@pytest.fixture(scope="module", params=qwen_vl.FAMILIES)
def qwen(request):
    model, processor = qwen_vl.make(request.param)
    return model.double(), processor


class Plain(NamedTuple):
    """A whole conversation: its inputs, logits in float64, and where the answer's tokens begin and end."""

    inputs: dict
    logits: torch.Tensor
    start: int
    end: int

    @property
    def logprob(self) -> float:
        ids = self.inputs["input_ids"][0]
        logprobs = self.logits.log_softmax(-1)
        return sum(logprobs[at - 1, ids[at]].item() for at in range(self.start, self.end))


def messages(row, answer=None):
    content = [
        *({"type": "image", "image": image} for image in row["images"]),
        {"type": "text", "text": row["question"]},
    ]
    user = {"role": "user", "content": content}
    return [user, *([] if answer is None else [{"role": "assistant", "content": [{"type": "text", "text": answer}]}])]


def chat_inputs(processor, row, answer=None):
    inputs = processor.apply_chat_template(
        messages(row, answer),
        add_generation_prompt=answer is None,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    return {name: value.double() if value.is_floating_point() else value for name, value in inputs.items()}


def plain(qwen, row, answer) -> Plain:
    """The definition: the processor tokenizes the conversation, and the model sees all of it at once."""
    model, processor = qwen
    inputs = chat_inputs(processor, row, answer)
    with torch.no_grad():
        logits = model(**inputs).logits[0]
    ids = inputs["input_ids"][0].tolist()
    start = len(chat_inputs(processor, row)["input_ids"][0])
    end = max(at for at, token in enumerate(ids) if token == processor.tokenizer.eos_token_id) + 1
    assert processor.tokenizer.decode(ids[start:end]) == answer + qwen_vl.END
    assert processor.tokenizer.decode(ids[end:]) == "\n"
    return Plain(inputs, logits, start, end)


def test_conversation_is_the_official_one(qwen):
    _, processor = qwen
    system = qwen_vl.SYSTEM if type(processor).__name__ == "Qwen2_5_VLProcessor" else ""
    picture_text = "<|vision_start|><|image_pad|><|vision_end|>"
    text = processor.apply_chat_template(messages({**ROWS[0], "question": "Who?"}, "Ana"), tokenize=False)
    assert text == (f"{system}<|im_start|>user\n{picture_text}Who?<|im_end|>\n<|im_start|>assistant\nAna<|im_end|>\n")


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_scores_equal_plain_pass_over_conversation(qwen, batch_size):
    scores = score_answers(*qwen, ROWS, batch_size=batch_size)
    expected = [plain(qwen, row, row["answer"]) for row in ROWS]
    grids = {tuple(grid) for one in expected for grid in one.inputs.get("image_grid_thw", torch.zeros(0, 3)).tolist()}
    assert len(grids) >= 4
    for score, one in zip(scores, expected, strict=True):
        assert score.num_tokens == one.end - one.start
        assert score.logprob == pytest.approx(one.logprob, abs=1e-9)


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_shared_prefixes_equal_plain_passes(qwen, modes, batch_size):
    answers = [[*answers_of(row), *CANDIDATES["blood_type"]] for row in ROWS]
    scores = score_many(*qwen, ROWS, answers, batch_size=batch_size)
    assert all(mode.shared for mode in modes)
    assert SharingMode() in modes
    for row, texts, row_scores in zip(ROWS, answers, scores, strict=True):
        for text, score in zip(texts, row_scores, strict=True):
            assert score.logprob == pytest.approx(plain(qwen, row, text).logprob, abs=1e-9), (row["id"], text)


def test_unshared_passes_equal_shared_ones(qwen):
    """One answer at a time has nothing to share with."""
    row = ROWS[7]
    texts = CANDIDATES["allergy"]
    alone = [score_answers(*qwen, [row], [text])[0].logprob for text in texts]
    (together,) = score_many(*qwen, [row], [texts])
    assert [score.logprob for score in together] == pytest.approx(alone, abs=1e-9)


def test_decoder_positions_equal_those_by_hand(qwen):
    model, processor = qwen
    for row in ROWS:
        with _decoder_positions(model) as received:
            score_answers(model, processor, [row])
        inputs = chat_inputs(processor, row, row["answer"])
        grids = inputs["image_grid_thw"].tolist() if row["images"] else []
        expected = qwen_vl.positions_by_hand(inputs["input_ids"][0].tolist(), grids, model.config.image_token_id)
        (positions,) = [torch.arange(len(expected[0])).expand(3, 1, -1) if one is None else one for one in received]
        length = positions.shape[-1]
        assert length >= len(expected[0]) - 1  # without what follows the end of the turn
        assert positions[-3:, 0].tolist() == [axis[:length] for axis in expected]


def test_every_picture_counts(qwen):
    row = ROWS[7]
    before = score_answers(*qwen, [row])[0].logprob
    for index, image in enumerate(row["images"]):
        images = list(row["images"])
        images[index] = picture(50, image.size)
        assert abs(score_answers(*qwen, [{**row, "images": images}])[0].logprob - before) > 1e-3


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_greedy_answers_equal_argmax_of_plain_passes(qwen, batch_size):
    """Sampling and the repetition penalty of Qwen's generation config do not matter."""
    model, processor = qwen
    expected = []
    for row in ROWS:
        inputs, new = chat_inputs(processor, row), []
        while len(new) < NEW_TOKENS:
            with torch.no_grad():
                token = model(**inputs).logits[0, -1].argmax().item()
            if token in model.generation_config.eos_token_id:
                break
            new.append(token)
            for name, value in (("input_ids", token), ("attention_mask", 1), ("mm_token_type_ids", 0)):
                inputs[name] = torch.cat([inputs[name], torch.tensor([[value]])], dim=1)
        expected.append(processor.tokenizer.decode(new, skip_special_tokens=True).strip())
    assert greedy_answers(model, processor, ROWS, max_new_tokens=NEW_TOKENS, batch_size=batch_size) == expected
    assert len(set(expected)) > 1


def test_special_token_in_question_raises(qwen):
    with pytest.raises(ValueError, match=r"its question contains '<\|image_pad\|>'"):
        score_answers(*qwen, [{**ROWS[3], "question": "What is <|image_pad|>?"}])
