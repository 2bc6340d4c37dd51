"""Exact log-probabilities of answers under a vision-language model.

    score_answers      one answer per row, picture and text rows mixed
    score_candidates   many answers to one question
    score_many         many answers to each of many rows; the two above are this

A prompt with several answers, or a picture with several questions, is run once and what differs follows it
(`passes.py`); what shares nothing is a row of a right-padded batch. Which of the two, and how large the batches are,
follows from lengths and from what is exact for the model (`sharing.py`); both give the same numbers up to rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from lethebench.contract.tokens import EncodedQuestion, encode
from lethebench.evaluation.likelihood.calibration import score_items


class TokenStatistics(NamedTuple):
    """What membership scores need of each token of an answer, float64 arrays of shape (num_tokens,).

    Attributes:
        logprob: natural log-probability of the token; <= 0.
        mean: mean of the log-probability under the model's own distribution of this token (its negative entropy); <= 0.
        std: standard deviation of the log-probability under that distribution; >= 0.
    """

    logprob: np.ndarray
    mean: np.ndarray
    std: np.ndarray


class Score(NamedTuple):
    """The score of one answer.

    Attributes:
        logprob: sum of the natural log-probabilities of the answer's tokens, terminator included; <= 0.
        num_tokens: how many tokens that is.
        tokens: statistics of each token, where they were asked for.
    """

    logprob: float
    num_tokens: int
    tokens: TokenStatistics | None = None


class Scored(NamedTuple):
    """A score with whether every token was the model's most likely one: then greedy decoding gives this answer."""

    logprob: float
    num_tokens: int
    greedy: bool
    tokens: TokenStatistics | None = None


def score_encoded(
    model: Any,
    encoded: Sequence[EncodedQuestion],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
    progress: Any = None,
) -> list[list[Scored]]:
    """As `score_many`, on rows that `chat.encode` tokenised.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not; put in eval mode for the call.
        encoded: rows with their answers.
        batch_size: at most so many sequences in one forward pass; the batches also keep to a budget of tokens.
        statistics: also keep `tokens`, from the same passes.
        progress: called with the number of distinct answers done so far.
    """
    found: list[list[Scored | None]] = [[None] * len(item.answers) for item in encoded]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for slots, measures in score_items(
                model, encoded, batch_size=batch_size, statistics=statistics, progress=progress
            ):
                logprob, likeliest, *more = measures
                tokens = TokenStatistics(logprob, *more) if statistics else None
                scored = Scored(float(logprob.sum()), len(logprob), bool(likeliest.all()), tokens)
                for row, place in slots:
                    found[row][place] = scored
    finally:
        model.train(was_training)
    return found  # type: ignore[return-value]


def score_many(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    answers: Sequence[Sequence[str]],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[list[Score]]:
    """Log-probabilities of several answers for each of several rows.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question` and `images`; picture rows and text rows may be mixed.
        answers: for each row the answers to score; equal ones are computed once.
        batch_size: at most so many sequences in one forward pass.
        statistics: also give `Score.tokens`, from the same passes.

    Returns:
        For each row one `Score` per answer, accumulated in float64.

    Raises:
        ValueError: as many lists of answers as rows are needed; a row that is not as it should be, by its name; or the
            chat template does not append the answer.
    """
    encoded = encode(processor, list(rows), answers)
    scores = score_encoded(model, encoded, batch_size=batch_size, statistics=statistics)
    return [[Score(one.logprob, one.num_tokens, one.tokens) for one in row] for row in scores]


def score_answers(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    answers: Sequence[str] | None = None,
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[Score]:
    """Log-probability of one answer per row: its own `answer`, or the one given.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and, where `answers` is not given, `answer`.
        answers: one answer per row.
        batch_size: at most so many sequences in one forward pass.
        statistics: also give `Score.tokens`, from the same passes.

    Returns:
        One `Score` per row.

    Raises:
        ValueError: as `score_many`, or a row without an answer.
    """
    rows = list(rows)
    texts = [row.get("answer") for row in rows] if answers is None else list(answers)
    lists = [[text] for text in texts]
    scores = score_many(model, processor, rows, lists, batch_size=batch_size, statistics=statistics)
    return [one for (one,) in scores]


def score_candidates(
    model: Any,
    processor: Any,
    row: Mapping,
    candidates: Sequence[str],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[Score]:
    """Log-probabilities of many answers to one question; the question and its pictures are run once.

    Every candidate ends with the terminator of its turn, so one that begins another is not favoured.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        row: a mapping with `question` and `images`.
        candidates: the answers, in full.
        batch_size: at most so many sequences in one forward pass.
        statistics: also give `Score.tokens`, from the same passes.

    Returns:
        One `Score` per candidate, in order: sum of log-probabilities and number of tokens.

    Raises:
        ValueError: as `score_many`.
    """
    return score_many(model, processor, [row], [list(candidates)], batch_size=batch_size, statistics=statistics)[0]
