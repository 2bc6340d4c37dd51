"""Text comparisons: named edge cases, and ROUGE-L against rouge_score."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from lethebench.evaluation.metrics import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.metrics.text import forget_stems, normalised_tokens, rouge_l_parts


@pytest.mark.parametrize(
    ("prediction", "reference", "score"),
    [
        ("O negative", "O negative", 1.0),
        ("  o NEGATIVE. ", "O negative", 1.0),
        ("O-negative", "O negative", 1.0),  # a hyphen between words joins them, as a space does
        ("O positive", "O negative", 0.0),
        ("A+", "A-", 0.0),
        ("A−", "A-", 1.0),  # minus sign, hyphen
        ("Ｏ ｎｅｇａｔｉｖｅ", "O negative", 1.0),  # full width: NFKC
        ("1,200", "1200", 0.0),
        ("José", "Jose", 0.0),
        ("", "x", 0.0),
        ("...", "...", 1.0),
        ("", "...", 0.0),
    ],
)
def test_exact_match(prediction, reference, score):
    assert exact_match(prediction, reference) == score


@pytest.mark.parametrize(
    ("prediction", "keywords", "score"),
    [
        ("The patient is female.", ["male"], 0.0),
        ("The patient is male.", ["male"], 1.0),
        ("It is 12.5 mg", ["12"], 0.0),
        ("It is 12.5 mg", ["12.5 mg"], 1.0),
        ("on 2024-03-11", ["2024"], 0.0),
        ("on 2024-03-11.", ["2024-03-11"], 1.0),
        ("He takes 12mg", ["12"], 0.0),
        ("Maria's type", ["Maria"], 1.0),
        ("blood type O, rhesus negative", ["O negative"], 0.0),  # in sequence
        ("4 Elm Street in Porto", ["4 Elm Street", "Lisbon"], 0.5),
        ("type A+", ["A"], 1.0),
        ("type A+", ["A-"], 0.0),
        ("€ 4,250.00 a month", ["€4,250.00"], 1.0),
        ("", ["x"], 0.0),
    ],
)
def test_keyword_match(prediction, keywords, score):
    assert keyword_match(prediction, keywords) == score


def test_keywords_must_be_there():
    with pytest.raises(ValueError, match="at least one keyword"):
        keyword_match("text", [])
    with pytest.raises(ValueError, match=r"'\.\.' has no word"):
        keyword_match("text", ["text", ".."])


def test_substring_match():
    assert substring_match("She is female", "male") == 1.0
    assert substring_match("She is", "male") == 0.0
    assert substring_match("anything", "") == 0.0


@pytest.mark.parametrize("text", ["", "\x00\x1b[31m\u202e\ud800", "a " * 20_000, "\U0010ffff" * 100])
def test_strange_model_text_is_scored(text):
    assert exact_match(text, "asthma") == 0.0
    assert keyword_match(text, ["asthma"]) == 0.0
    assert rouge_l(text, "asthma") == 0.0


VOCABULARY = "the running runs cat's Cats, café 東京 2024-03 don't U.S. a . flies agreed"
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)


def test_rouge_l_equals_rouge_score():
    """Words with every ending, accents, CJK, control characters, empty texts, and long texts."""
    generator = random.Random(0)
    more = ["nation", "national", "\x00", "\x1b[31m", "\u202e", "12.5", "ab", "generously", "x" * 99]
    endings = ("", "s", "ed", "ing", "ation", "ly", "ness", "'s")
    words = [stem + ending for stem in (*VOCABULARY.split(), *more) for ending in endings]
    sample = lambda most: generator.choices(words, k=generator.randint(0, most))  # noqa: E731
    pairs = [(" ".join(sample(most)), "\n".join(sample(most))) for most in (3, 30) for _ in range(300)]
    pairs += [("", ""), ("", "a"), (" ".join(sample(900)), " ".join(sample(300))), ("a " * 50_000, "a b")]
    for prediction, reference in pairs:
        oracle = SCORER.score(reference, prediction)["rougeL"]
        assert rouge_l_parts(prediction, reference) == pytest.approx(tuple(oracle), abs=1e-12)
        assert rouge_l(prediction, reference) == pytest.approx(oracle.fmeasure, abs=1e-12)
        assert rouge_l_recall(prediction, reference) == pytest.approx(oracle.recall, abs=1e-12)


def test_memories_can_be_emptied():
    before = rouge_l_parts("running cats", "the cat runs")
    forget_stems()
    assert rouge_l_parts("running cats", "the cat runs") == before == (0.5, pytest.approx(1 / 3), 0.4)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_matches_itself(text):
    assert exact_match(text, text) == 1.0
    if normalised_tokens(text):
        assert keyword_match(f"x {text} y", [text]) == 1.0
        assert substring_match(f"x {text} y", text) == 1.0
