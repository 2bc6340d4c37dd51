"""Exact log-probabilities of answers under a vision-language model.

    score_answers      one answer per row, picture and text rows mixed
    score_candidates   many answers to one question
    score_many         many answers to each of many rows; the two above call it

A prompt with several answers, or a picture with several questions, is run once and the answers follow it
(`forward.py`); answers that share nothing are rows of right-padded batches. Lengths, and what is exact for the model
(`calibration.py`), decide between the two and set the batch sizes; both give the same numbers up to rounding.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch

from lethebench.contract.models import check_architecture, check_num_pictures
from lethebench.contract.picture_features import cached_picture_features
from lethebench.contract.tokens import EncodedQuestion, encode
from lethebench.evaluation.likelihood.calibration import score_items
from lethebench.evaluation.likelihood.prefix_sharing import RowPlan, plan_rows
from lethebench.evaluation.likelihood.vocabulary import split_heads


class TokenStatistics(NamedTuple):
    """Statistics of each token of an answer, as membership scores need them: float64 arrays of shape (num_tokens,).

    The natural log-probability of the token, and mean (its negative entropy) and standard deviation of the
    log-probability under the model's own distribution of this token.
    """

    logprob: np.ndarray
    mean: np.ndarray
    std: np.ndarray


class Score(NamedTuple):
    """The score of one answer.

    Attributes:
        logprob: sum of the natural log-probabilities of the answer's tokens, the end of its turn included; <= 0.
        num_tokens: number of these tokens.
        greedy: whether each of them is the model's most likely one, so that greedy decoding returns this answer.
        tokens: statistics of each token; None unless requested.
        likeliest: for each of these tokens whether it is the model's most likely one after the answer's own tokens
            before it; a tie counts.
    """

    logprob: float
    num_tokens: int
    greedy: bool
    tokens: TokenStatistics | None = None
    likeliest: tuple[bool, ...] = ()


def score_encoded(
    model: Any,
    encoded: Sequence[EncodedQuestion],
    *,
    plans: Sequence[RowPlan] | None = None,
    batch_size: int | None = None,
    statistics: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[list[Score]]:
    """Score rows that `lethebench.contract.tokens.encode` tokenized; otherwise as `score_many`.

    `progress` is called with the number of distinct answers scored so far. `plans` is `plan_rows` of the rows, kept to
    score them under several models.
    """
    check_architecture(model)
    for question in encoded:
        check_num_pictures(model, len(question.prompt.pictures), question.name)
    scores: list[list[Score | None]] = [[None] * len(question.answers) for question in encoded]
    was_training = model.training
    model.eval()
    try:
        num_logits = sum(len(answer.ids) for question in encoded for answer in question.answers)
        with torch.no_grad(), cached_picture_features(model), split_heads(0 if statistics else num_logits):
            for slots, measures in score_items(
                model, plans or plan_rows(encoded), batch_size=batch_size, statistics=statistics, progress=progress
            ):
                logprob, is_likeliest, *moments = measures
                tokens = TokenStatistics(logprob, *moments) if statistics else None
                likeliest = tuple(is_likeliest.astype(bool).tolist())
                score = Score(float(logprob.sum()), len(logprob), all(likeliest), tokens, likeliest)
                for row, answer in slots:
                    scores[row][answer] = score
    finally:
        model.train(was_training)
    return cast(list[list[Score]], scores)


def score_many(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    answers: Sequence[Sequence[str]],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[list[Score]]:
    """Score several answers to each of several rows.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not; in eval mode during the call.
        processor: its processor, with a chat template.
        rows: mappings with `question` and `images`; picture rows and text rows may be mixed.
        answers: for each row the answers to score; equal ones are computed once.
        batch_size: maximum number of sequences in one forward pass; a budget of tokens limits batches too.
        statistics: also return `Score.tokens`, from the same passes.

    Returns:
        One list per row with one `Score` per answer.

    Raises:
        ValueError: if the numbers of rows and answer lists differ, or a row is not valid; names the row.
    """
    encoded = encode(processor, list(rows), answers)
    return score_encoded(model, encoded, batch_size=batch_size, statistics=statistics)


def score_answers(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    answers: Sequence[str] | None = None,
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[Score]:
    """Score one answer per row, by default its own `answer`; other arguments and errors as in `score_many`."""
    rows = list(rows)
    texts: Sequence[Any] = [row.get("answer") for row in rows] if answers is None else answers
    scores = score_many(
        model, processor, rows, [[text] for text in texts], batch_size=batch_size, statistics=statistics
    )
    return [score for (score,) in scores]


def score_candidates(
    model: Any,
    processor: Any,
    row: Mapping,
    candidates: Sequence[str],
    *,
    batch_size: int | None = None,
    statistics: bool = False,
) -> list[Score]:
    """Score many complete answers to one question, which is run once; arguments and errors as in `score_many`.

    Every candidate ends with the end of its turn, so a candidate that begins another one has no advantage.
    """
    return score_many(model, processor, [row], [list(candidates)], batch_size=batch_size, statistics=statistics)[0]
