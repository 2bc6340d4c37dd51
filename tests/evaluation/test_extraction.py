"""Extraction strength, exact memorization, option probability and both truth ratios: closed forms and plain loops."""

import math
from itertools import cycle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import llava, qa_rows

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.rows import evaluate_rows
from lethebench.evaluation.likelihood.api import score_many
from lethebench.evaluation.metrics.extraction import exact_memorization, extraction_strength
from lethebench.evaluation.metrics.truth_ratio import answer_probability, option_probability, truth_ratio

SCORES = st.lists(st.tuples(st.floats(-60, 0), st.integers(1, 12)), min_size=2, max_size=6)


def strength_by_definition(likeliest):
    """Shortest prefix after which every token is the likeliest, by trying each."""
    count = len(likeliest)
    return next(1 - k / count for k in range(count + 1) if all(likeliest[k:]))


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_extraction_equals_its_definition(likeliest):
    assert extraction_strength(likeliest) == strength_by_definition(likeliest)
    assert exact_memorization(likeliest) == sum(likeliest) / len(likeliest)


@pytest.mark.parametrize("likeliest", [[], [0.5], [2], [None]])
def test_invalid_agreement_raises(likeliest):
    for metric in (extraction_strength, exact_memorization):
        with pytest.raises(ValueError, match="likeliest"):
            metric(likeliest)


@given(SCORES)
def test_option_probability_equals_plain_quotient(options):
    plain = [math.exp(logprob / count) for logprob, count in options]
    for correct in range(len(options)):
        assert option_probability(options, correct) == pytest.approx(plain[correct] / sum(plain), rel=1e-9)


@given(SCORES, st.floats(-60, 0))
def test_answer_probability_of_one_form_equals_option_probability(wrong, right):
    """A bare answer, or one paraphrase, is the right option among the wrong answers."""
    share = option_probability([(right, 2), *wrong], 0)
    assert answer_probability(wrong, [], (right, 2)) == pytest.approx(share, rel=1e-9)
    assert answer_probability(wrong, [(right, 2)], (-1.0, 1)) == pytest.approx(share, rel=1e-9)


@given(SCORES, st.integers(1, 9), st.tuples(st.floats(-60, 0), st.integers(1, 12)))
def test_form_alone_gives_chance(forms, count, answer):
    """A model whose scores depend on the template alone, whatever it thinks of the answer's own."""
    wrong = [form for form, _ in zip(cycle(forms), range(count), strict=False)]
    assert answer_probability(wrong, forms, answer) == pytest.approx(1 / (1 + count), rel=1e-9)


@given(SCORES, SCORES)
def test_arithmetic_truth_ratio_equals_plain_means(wrong, right):
    means = [np.mean([math.exp(logprob / count) for logprob, count in side]) for side in (wrong, right)]
    assert truth_ratio(wrong, right, average="arithmetic") == pytest.approx(means[0] / means[1], rel=1e-9)
    assert truth_ratio(wrong, right[:1], average="arithmetic") >= truth_ratio(wrong, right[:1]) * (1 - 1e-12)


def test_invalid_options_and_average_raise():
    for options, correct in (([(-1.0, 1)], 0), ([(-1.0, 1)] * 2, 2), ([(-1.0, 0), (-1.0, 1)], 0)):
        with pytest.raises(ValueError, match="option"):
            option_probability(options, correct)
    for wrong, right in (([], []), ([(-1.0, 0)], []), ([(-1.0, 1)], [(math.nan, 1)])):
        with pytest.raises(ValueError, match="answer"):
            answer_probability(wrong, right, (-1.0, 1))
    with pytest.raises(ValueError, match="average is 'median'"):
        truth_ratio([(-1.0, 1)], [(-1.0, 1)], average="median")


def test_columns_equal_plain_argmax_and_quotients():
    """The columns of rows against whole passes of the model without sharing."""
    model, processor = llava()
    rows = qa_rows()
    rows[1] = {**rows[1], "options": ["asthma", "migraine", "latex"], "correct": 2}
    results = evaluate_rows(model, processor, rows)
    for row, result, item in zip(
        rows, results, encode(processor, rows, [[row["answer"]] for row in rows]), strict=True
    ):
        (answer,) = item.answers
        ids = torch.tensor([[*item.prompt.ids[: answer.start], *answer.ids]])
        with torch.no_grad():
            logits = model(input_ids=ids, **item.prompt.per_row).logits[0, answer.start - 1 : -2]
        likeliest = (logits.argmax(-1) == ids[0, answer.start : -1]).tolist()
        assert result["exact_memorization"] == np.mean(likeliest)
        assert result["extraction_strength"] == strength_by_definition(likeliest)
        texts = row.get("options") or [*row["paraphrases"], *row["perturbed"]]
        if not row.get("options") and not row["perturbed"]:
            assert result["option_probability"] is None
            continue
        (scores,) = score_many(model, processor, [row], [texts])
        plain = [math.exp(score.logprob / score.num_tokens) for score in scores]
        if row.get("options"):
            share = plain[row["correct"]] / sum(plain)
        else:
            forms = len(row["paraphrases"])
            odds = [value / plain[number % forms] for number, value in enumerate(plain[forms:])]
            share = 1 / (1 + sum(odds))
        assert result["option_probability"] == pytest.approx(share, rel=1e-9)
        if row["perturbed"]:
            (right,) = score_many(model, processor, [row], [row["paraphrases"]])
            (wrong,) = score_many(model, processor, [row], [row["perturbed"]])
            means = [np.mean([math.exp(one.logprob / one.num_tokens) for one in side]) for side in (wrong, right)]
            assert result["truth_ratio_arithmetic"] == pytest.approx(means[0] / means[1], rel=1e-9)
