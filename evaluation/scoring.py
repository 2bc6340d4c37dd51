"""Exact log-probabilities of answers under a vision-language model.

    score_answers      one answer per row, picture and text rows mixed
    score_candidates   many answers to one question
    score_many         many answers to each of many rows; the two above are this

A row with several answers runs its prompt once and the answers as rows over its cache; a row with one answer is a row
of a right-padded batch (`passes.py`). Which of the two, and how large the batches are, follows from lengths alone; both
give the same numbers up to rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from lethebench.evaluation.chat import Encoded, encode
from lethebench.evaluation.contexts import plan
from lethebench.evaluation.passes import score_contexts


class Score(NamedTuple):
    """The score of one answer.

    Attributes:
        logprob: sum of the natural log-probabilities of the answer's tokens, terminator included; <= 0.
        num_tokens: how many tokens that is.
    """

    logprob: float
    num_tokens: int


class Scored(NamedTuple):
    """A score with whether every token was the model's most likely one: then greedy decoding gives this answer."""

    logprob: float
    num_tokens: int
    greedy: bool


def score_encoded(
    model: Any, encoded: Sequence[Encoded], *, batch_size: int | None = None, progress: Any = None
) -> list[list[Scored]]:
    """As `score_many`, on rows that `chat.encode` tokenised.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not; put in eval mode for the call.
        encoded: rows with their answers.
        batch_size: at most so many sequences in one forward pass; the batches also keep to a budget of tokens.
        progress: called with the number of distinct answers done so far.
    """
    found: list[list[Scored | None]] = [[None] * len(item.answers) for item in encoded]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for context, tail, logprob, greedy in score_contexts(
                model, plan(encoded), batch_size=batch_size, progress=progress
            ):
                scored = Scored(logprob, context.head + len(context.tails[tail]), greedy)
                for row, place in context.slots[tail]:
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
) -> list[list[Score]]:
    """Log-probabilities of several answers for each of several rows.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question` and `images`; picture rows and text rows may be mixed.
        answers: for each row the answers to score; equal ones are computed once.
        batch_size: at most so many sequences in one forward pass.

    Returns:
        For each row one `Score` per answer, accumulated in float64.

    Raises:
        ValueError: as many lists of answers as rows are needed; or the chat template does not append the answer.
    """
    scores = score_encoded(model, encode(processor, list(rows), answers), batch_size=batch_size)
    return [[Score(one.logprob, one.num_tokens) for one in row] for row in scores]


def score_answers(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    answers: Sequence[str] | None = None,
    *,
    batch_size: int | None = None,
) -> list[Score]:
    """Log-probability of one answer per row: its own `answer`, or the one given.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and, where `answers` is not given, `answer`.
        answers: one answer per row.
        batch_size: at most so many sequences in one forward pass.

    Returns:
        One `Score` per row.
    """
    rows = list(rows)
    texts = [row["answer"] for row in rows] if answers is None else list(answers)
    scores = score_many(model, processor, rows, [[text] for text in texts], batch_size=batch_size)
    return [one for (one,) in scores]


def score_candidates(
    model: Any, processor: Any, row: Mapping, candidates: Sequence[str], *, batch_size: int | None = None
) -> list[Score]:
    """Log-probabilities of many answers to one question; the question and its pictures are run once.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        row: a mapping with `question` and `images`.
        candidates: the answers, in full.
        batch_size: at most so many sequences in one forward pass.

    Returns:
        One `Score` per candidate, in order.
    """
    return score_many(model, processor, [row], [list(candidates)], batch_size=batch_size)[0]
