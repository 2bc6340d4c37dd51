"""Scores through the processors of other model families equal plain passes."""

import pytest
import torch
from other_processors import PROCESSORS, paligemma
from plain_scores import answers_of, plain_score
from tiny_architectures import ARCHITECTURES
from tiny_models import picture, qa_rows

from lethebench.contract.tokens import encode
from lethebench.evaluation.likelihood import score_many


@pytest.mark.parametrize("name", PROCESSORS)
def test_scores_equal_plain_passes(name):
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


def test_text_row_without_required_picture_is_named():
    with pytest.raises(ValueError, match=r"b/text/allergy: .*`images` are expected"):
        encode(paligemma(), qa_rows(), [[] for _ in qa_rows()])
