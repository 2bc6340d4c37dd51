"""Text comparisons: named edge cases, and ROUGE-L against rouge_score."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from lethebench.evaluation.metrics import exact_match, keyword_match, rouge_l, rouge_l_recall, substring_match
from lethebench.evaluation.metrics.text import rouge_l_parts
from lethebench.evaluation.metrics.words import RougeTokenizer, forget_stems, normalised_tokens

EXACT = {
    1.0: [
        ("O negative", "O negative"), ("  o NEGATIVE. ", "O negative"), ("O-negative", "O negative"), ("A−", "A-"),
        ("Ｏ ｎｅｇａｔｉｖｅ", "O negative"), ("...", "..."),
    ],
    0.0: [
        ("O positive", "O negative"), ("A+", "A-"), ("1,200", "1200"), ("José", "Jose"), ("", "x"), ("", "..."),
    ],
}  # fmt: skip
KEYWORDS = {
    1.0: [
        ("The patient is male.", ["male"]), ("It is 12.5 mg", ["12.5 mg"]), ("on 2024-03-11.", ["2024-03-11"]),
        ("Maria's type", ["Maria"]), ("type A+", ["A"]), ("€ 4,250.00 a month", ["€4,250.00"]),
    ],
    0.5: [("4 Elm Street in Porto", ["4 Elm Street", "Lisbon"])],
    0.0: [
        ("The patient is female.", ["male"]), ("It is 12.5 mg", ["12"]), ("on 2024-03-11", ["2024"]), ("", ["x"]),
        ("He takes 12mg", ["12"]), ("blood type O, rhesus negative", ["O negative"]), ("type A+", ["A-"]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("score", EXACT)
def test_exact_match(score):
    """Case, width, dashes between words and final stops do not count; signs and accents do."""
    for prediction, reference in EXACT[score]:
        assert exact_match(prediction, reference) == score, prediction


@pytest.mark.parametrize("score", KEYWORDS)
def test_keyword_match(score):
    for prediction, keywords in KEYWORDS[score]:
        assert keyword_match(prediction, keywords) == score, prediction


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


VOCABULARY = "the running runs cat's Cats, café Łódź 2024-03 don't U.S. a . flies agreed"
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
OTHER_SCRIPTS = rouge_scorer.RougeScorer(["rougeL"], tokenizer=RougeTokenizer())


@pytest.mark.parametrize(("scorer", "more"), [(SCORER, ""), (OTHER_SCRIPTS, "東京 हिन्दी Москва")])
def test_rouge_l_equals_rouge_score(scorer, more):
    """Words with every ending, accents, control characters, empty texts, and long texts; other scripts' own tokens."""
    generator = random.Random(0)
    more = [*more.split(), "nation", "national", "\x00", "\x1b[31m", "\u202e", "12.5", "ab", "generously", "x" * 99]
    endings = ("", "s", "ed", "ing", "ation", "ly", "ness", "'s")
    words = [stem + ending for stem in (*VOCABULARY.split(), *more) for ending in endings]
    sample = lambda most: generator.choices(words, k=generator.randint(0, most))  # noqa: E731
    pairs = [(" ".join(sample(most)), "\n".join(sample(most))) for most in (3, 30) for _ in range(300)]
    pairs += [("", ""), ("", "a"), (" ".join(sample(900)), " ".join(sample(300))), ("a " * 50_000, "a b")]
    for prediction, reference in pairs:
        oracle = scorer.score(reference, prediction)["rougeL"]
        if not scorer._tokenizer.tokenize(reference):
            oracle = oracle._make([math.nan] * 3)  # rouge_score has 0 there
        assert rouge_l_parts(prediction, reference) == pytest.approx(tuple(oracle), abs=1e-12, nan_ok=True)
        assert rouge_l(prediction, reference) == pytest.approx(oracle.fmeasure, abs=1e-12, nan_ok=True)
        assert rouge_l_recall(prediction, reference) == pytest.approx(oracle.recall, abs=1e-12, nan_ok=True)


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
