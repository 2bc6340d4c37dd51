"""Token statistics, answers of any text, invalid rows, padding on either side, and processors of other families."""

import copy
import time

import numpy as np
import pytest
import torch
from other_processors import PROCESSORS, paligemma
from plain_scores import answers_of, plain_score
from tiny_architectures import ARCHITECTURES
from tiny_models import idefics3, llava, picture, qa_rows

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.likelihood import score_answers, score_candidates, score_many
from lethebench.evaluation.likelihood.forward import measure
from lethebench.evaluation.likelihood.head import Logits
from lethebench.evaluation.likelihood.prefix_sharing import Tail
from lethebench.evaluation.likelihood.tries import build_tries

ODD = {
    "empty": "",
    "blank": " \t ",
    "control": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u202e\ufeff\ufffe",
    "terminator": "latex</s> and on",
    "placeholder": "<image><image>",
    "half a pair": "a\ud800b",
    "tags": "<b>{{ 7 * 7 }}</b> {% for %}",
    "scripts": "पराग ラテックス 🧪\u0301",
    "turns": "latex ASSISTANT: USER: <s>",
}


@pytest.mark.parametrize("kind", ODD)
def test_any_text_is_scored(kind):
    model, processor = llava()
    row, text = qa_rows()[0], ODD[kind]
    (item,) = encode(processor, [row], [[text]])
    ids = item.answers[0].ids
    special = set(processor.tokenizer.all_special_ids)
    assert ids[-1] == processor.tokenizer.eos_token_id
    assert not special & set(ids[:-1])  # text is text, whatever it looks like
    readable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert processor.tokenizer.decode(ids[:-1]).strip() == readable.strip()
    one = score_answers(model, processor, [row], [text])[0]
    others = score_candidates(model, processor, row, ["latex", text, "pollen", "latex and pollen"])
    assert one.num_tokens == others[1].num_tokens == len(ids)
    assert others[1].logprob == pytest.approx(one.logprob, abs=1e-9)
    assert np.isfinite(one.logprob)


def test_very_long_text_is_scored():
    model, processor = llava(dtype=torch.float32)
    row, text = qa_rows()[0], "latex " * 1500
    start = time.process_time()
    one, two = score_candidates(model, processor, row, [text, text + "x"])
    assert one.num_tokens > 1500
    assert np.isfinite(one.logprob)
    assert np.isfinite(two.logprob)
    assert time.process_time() - start < 20


def test_token_statistics_equal_plain_passes():
    model, processor = llava()
    rows = qa_rows()
    answers = [answers_of(row) for row in rows]
    results = score_many(model, processor, rows, answers, statistics=True)
    without = score_many(model, processor, rows, answers)
    for item, scores, bare in zip(encode(processor, rows, answers), results, without, strict=True):
        for answer, score, plain in zip(item.answers, scores, bare, strict=True):
            assert plain.tokens is None
            assert (score.logprob, score.num_tokens) == (plain.logprob, plain.num_tokens)
            ids = torch.tensor([[*item.prompt.ids[: answer.start], *answer.ids]])
            pixels = {name: value.to(model.dtype) for name, value in item.prompt.per_row.items()}
            with torch.no_grad():
                logp = model(input_ids=ids, **pixels).logits[0].log_softmax(-1)
            logp = logp[answer.start - 1 : -1].numpy()
            p = np.exp(logp)
            mean = (p * logp).sum(-1)
            assert score.tokens.logprob == pytest.approx(logp[range(len(answer.ids)), answer.ids], abs=1e-9)
            assert score.tokens.mean == pytest.approx(mean, abs=1e-9)
            assert score.tokens.std == pytest.approx(np.sqrt((p * logp**2).sum(-1) - mean**2), abs=1e-7)
            assert {array.dtype for array in score.tokens} == {np.dtype(np.float64)}
            assert score.tokens.logprob.sum() == pytest.approx(score.logprob, abs=1e-12)


def test_statistics_equal_closed_forms():
    uniform, certain = torch.zeros(1, 8), torch.full((1, 8), -torch.inf)
    certain[0, 3] = 0.0
    measures = measure(Logits(torch.cat([uniform, certain]).double()), [0, 1, 1], [5, 3, 2], statistics=True)
    assert measures[0] == pytest.approx([-np.log(8), 0, -np.inf])
    assert measures[1].tolist() == [1, 1, 0]  # no token is likelier
    assert measures[2] == pytest.approx([-np.log(8), 0, 0])
    assert measures[3] == pytest.approx([0, 0, 0], abs=1e-12)
    two = torch.tensor([[np.log(0.8), np.log(0.2)]])
    logs = np.log([0.8, 0.2])
    mean = 0.8 * logs[0] + 0.2 * logs[1]
    (_, _, one, other) = measure(Logits(two), [0], [1], statistics=True)
    assert one == pytest.approx([mean])
    assert other == pytest.approx([np.sqrt(0.8 * (logs[0] - mean) ** 2 + 0.2 * (logs[1] - mean) ** 2)])


def test_trie_shares_common_beginnings():
    tails = [Tail(ids, 0, []) for ids in [(7, 8, 9, 2), (7, 8, 2), (7, 8, 9, 10, 2), (5, 2), (6,)]]
    (trie,) = build_tries(enumerate(tails), max_nodes=16)
    assert sorted(zip(trie.tokens, trie.depths, strict=True)) == [(5, 0), (7, 0), (8, 1), (9, 2), (10, 3)]
    for number, nodes, targets in zip(trie.members, trie.nodes, trie.targets, strict=True):
        assert targets == tails[number].ids[1:]
        assert [trie.tokens[node] for node in nodes] == list(tails[number].ids[:-1])
    for node, row in enumerate(trie.visible()):
        path = []
        while node >= 0:
            path.append(node)
            node = trie.parents[node]
        assert np.flatnonzero(row).tolist() == sorted(path)
    small = list(build_tries(enumerate(tails), max_nodes=3))
    assert [len(one.tokens) for one in small] == [3, 3, 4]  # the longest answer does not fit and is alone
    assert [one.members for one in small] == [[3, 1], [0], [2]]
    assert [len(one.members) for one in build_tries(enumerate(tails), max_nodes=0)] == [1, 1, 1, 1]


@pytest.mark.parametrize("make", [llava, idefics3])
def test_padding_side_does_not_change_scores(make):
    model, processor = make()
    rows = qa_rows()
    by_side = {}
    for side in ("left", "right"):
        processor = copy.copy(processor)
        processor.tokenizer = copy.deepcopy(processor.tokenizer)
        processor.tokenizer.padding_side = side
        by_side[side] = score_answers(model, processor, rows), greedy_answers(model, processor, rows, max_new_tokens=4)
    assert by_side["left"] == by_side["right"]
    for row, score in zip(rows, by_side["left"][0], strict=True):
        assert score.logprob == pytest.approx(plain_score(model, processor, row, row["answer"])[0], abs=1e-9)


DIAGNOSIS = "icu/medical-0001/a/vqa/diagnosis"
BAD = {
    "question": ({"question": None}, "{row}: its question is None"),
    "special": ({"question": "What is <image>?"}, "{row}: its question contains '<image>'"),
    "images": ({"images": picture(1)}, "{row}: its images .* give a list of pictures"),
    "picture": ({"images": ["report.png"]}, "a picture of row {row} is a str: give a PIL image"),
    "bytes": ({"images": [{"bytes": b"no picture", "path": None}]}, "the picture of row {row} cannot be read"),
    "answer": ({"answer": 3}, "{row}: its answer is 3"),
    "no answer": ({"answer": None}, "{row}: its answer is None"),
}


@pytest.mark.parametrize("kind", BAD)
def test_invalid_row_is_named(kind):
    model, processor = llava()
    changes, message = BAD[kind]
    rows = [qa_rows()[1], {**qa_rows()[0], **changes}]
    with pytest.raises(ValueError, match=message.format(row=DIAGNOSIS)):
        score_answers(model, processor, rows)
    rows[1].pop("id")
    with pytest.raises(ValueError, match=message.format(row="row 1").replace("row row", "row")):
        score_answers(model, processor, rows)


def test_answers_must_be_lists_of_texts():
    model, processor = llava()
    with pytest.raises(ValueError, match="its answers are one text"):
        score_many(model, processor, qa_rows()[:1], ["asthma"])
    assert score_candidates(model, processor, qa_rows()[0], []) == []


@pytest.mark.parametrize("name", PROCESSORS)
def test_scores_through_processors_equal_plain_passes(name):
    model, processor = ARCHITECTURES[name](torch.float64, "sdpa").model, PROCESSORS[name]()
    rows = [qa_rows()[number] for number in (0, 1, 3)]
    rows.append({**rows[0], "images": [picture(1), picture(2)]})
    answers = [answers_of(row)[:5] for row in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            logprob, count = plain_score(model, processor, row, text)
            assert score.num_tokens == count
            assert score.logprob == pytest.approx(logprob, abs=1e-9)


def test_prefix_model_scores_equal_its_suffix_format():
    model, processor = ARCHITECTURES["paligemma"](torch.float64, "sdpa").model, paligemma()
    rows = qa_rows()[:3]
    answers = [["asthma", "latex", "latex and pollen"] for _ in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            inputs = processor(text="<image>" + row["question"], images=row["images"], suffix=text, return_tensors="pt")
            labels = inputs.pop("labels")[0]
            inputs["pixel_values"] = inputs["pixel_values"].double()
            with torch.no_grad():
                logp = model(**inputs).logits[0].log_softmax(-1)
            indices = [index for index, label in enumerate(labels.tolist()) if label != -100]
            assert score.num_tokens == len(indices)
            assert score.logprob == pytest.approx(
                sum(logp[index - 1, labels[index]].item() for index in indices), abs=1e-9
            )


def test_prefix_model_text_rows_equal_plain_passes():
    """The prompt, a line's end and no picture: its processor refuses text alone, which the model reads."""
    model, processor = ARCHITECTURES["paligemma"](torch.float64, "sdpa").model, paligemma()
    (row, *_) = rows = [row for row in qa_rows() if not row["images"]]
    answers = [["asthma", "latex and pollen"] for _ in rows]
    for row, texts, scores in zip(rows, answers, score_many(model, processor, rows, answers), strict=True):
        for text, score in zip(texts, scores, strict=True):
            prompt, answer = (
                processor.tokenizer(part, add_special_tokens=False)["input_ids"]
                for part in (row["question"] + "\n", text + "</s>")
            )
            ids = torch.tensor([[*prompt, *answer]])
            kinds = torch.tensor([[0] * len(prompt) + [1] * len(answer)])
            with torch.no_grad():
                logp = model(input_ids=ids, token_type_ids=kinds).logits[0].log_softmax(-1)
            plain = sum(logp[len(prompt) + index - 1, token].item() for index, token in enumerate(answer))
            assert score.logprob == pytest.approx(plain, abs=1e-9)
