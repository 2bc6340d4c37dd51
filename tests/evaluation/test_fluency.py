"""Fluency of answers: texts by hand, loops against a plain second implementation, thresholds against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import llava, qa_rows

from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.answers.likely import answer_logprobs
from lethebench.evaluation.likelihood.api import score_answers
from lethebench.evaluation.metrics.fluency import fluency_threshold, fluent, is_language, loop_share


@pytest.mark.parametrize(
    "text",
    [
        "Porto.",
        "O+",
        "C++",
        "12.5",
        "+351 912 000 000",
        "New York, New York",
        "No, no.",
        "北京",
        "हिन्दी",
        "VIII",
        "It was cut off in a letter\ufffd",
        "www.example.org",
        "The diagnosis is Type 2 diabetes, and it was made in 2019.",
        "It is Porto, I think; yes, Porto.",
    ],
)
def test_answers_are_language(text):
    assert is_language(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "?!",
        "...",
        "\ufffd\ufffd\ufffd",
        "the the the the",
        "He lives in Porto. He lives in Porto. He lives in Porto. He li",
        "aaaaaaaaaaa",
        "hahahahahahaha",
        "$#@ %^&* (!!) a",
        "的的的的的的",
        "7\ufffd[olle\ufffd\ufffdz",
        "diabetes\x08 does",
    ],
)
def test_loops_and_symbols_are_no_language(text):
    assert not is_language(text)


def plain_loop(tokens):
    """Try every start, period and number of repeats."""
    longest = 0
    for start in range(len(tokens)):
        for period in range(1, len(tokens) - start):
            stop = start + period
            while stop < len(tokens) and tokens[stop] == tokens[stop - period]:
                stop += 1
            if stop - start >= 3 * period:
                longest = max(longest, stop - start)
    return longest


@given(st.lists(st.sampled_from(["red", "blue", "green"]), min_size=1, max_size=24))
def test_loop_share_equals_plain_search(tokens):
    assert loop_share(" ".join(tokens)) == plain_loop(tokens) / len(tokens)


def test_threshold_is_first_percentile():
    values = np.linspace(-3.0, -0.1, 301)
    threshold = fluency_threshold(values)
    assert threshold == np.percentile(values, 1)
    assert fluent(["Porto.", "Porto.", "a a a a"], [threshold, -3.0, -0.1], threshold=threshold) == [True, False, False]
    assert fluent(["Porto.", ""]) == [True, False]


def test_answers_of_a_model_are_scored_under_another():
    (model, processor), (other, _) = llava(seed=0), llava(seed=1)
    rows = qa_rows()
    texts = greedy_answers(model, processor, rows, max_new_tokens=8)
    own, foreign = (answer_logprobs(one, processor, rows, texts) for one in (model, other))
    for row, text, value in zip(rows, texts, foreign, strict=True):
        (score,) = score_answers(other, processor, [row], [text])
        assert value == pytest.approx(score.logprob / score.num_tokens, abs=1e-9)
    assert own != foreign


@pytest.mark.parametrize("values", [[], [float("nan")], [None]])
def test_invalid_logprobs_raise(values):
    with pytest.raises(ValueError, match="logprobs"):
        fluency_threshold(values)


def test_fluent_needs_threshold_and_equal_lengths():
    with pytest.raises(ValueError, match="threshold"):
        fluent(["Porto."], [-1.0])
    with pytest.raises(ValueError, match="logprobs"):
        fluent(["Porto."], [-1.0, -2.0], threshold=-3.0)
