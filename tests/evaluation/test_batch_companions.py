"""Rows whose pictures a model numbers over the whole batch are run one by one, and a warning says so."""

import logging

import pytest
from architecture_checks import ANSWERS, _row
from small_models import make_model, make_processor

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.greedy import generate_encoded
from lethebench.evaluation.likelihood import batching
from lethebench.evaluation.likelihood.api import score_encoded

ROWS = [_row(f"row {seed}", "What is the diagnosis?", seed) for seed in range(1, 9)]


@pytest.mark.parametrize("model_type", ["hunyuan_vl", "qwen2_vl"])
def test_scores_do_not_depend_on_the_other_rows_of_a_batch(model_type, caplog):
    model, processor = make_model(model_type), make_processor(model_type)
    encoded = encode(processor, ROWS, [ANSWERS] * len(ROWS))
    with caplog.at_level(logging.WARNING, batching.__name__):
        together = score_encoded(model, encoded)
        texts = generate_encoded(model, processor, encoded, max_new_tokens=2)
    warned = "HunYuanVLForConditionalGeneration numbers the pictures of a batch together: rows with pictures are run"
    assert [record.message[: len(warned)] for record in caplog.records] == [warned] * (model_type == "hunyuan_vl")
    for item, scores, text in zip(encoded, together, texts, strict=True):
        gaps = [
            abs(one.logprob - two.logprob) for one, two in zip(scores, score_encoded(model, [item])[0], strict=True)
        ]
        assert max(gaps) < 1e-5
        assert text == generate_encoded(model, processor, [item], max_new_tokens=2)[0]
