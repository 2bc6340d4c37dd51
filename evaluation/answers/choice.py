"""Multiple choice: the option that a model picks, by the probability of its text or of its letter."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from string import ascii_uppercase
from typing import Any, NamedTuple

from lethebench.contract.errors import UserError
from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.letters import letter_question
from lethebench.evaluation.likelihood.api import score_encoded, score_many

NOT_FINITE = "the model overflows; train it with a lower learning rate, or load it in float32"


class Choice(NamedTuple):
    """The likeliest option (the first of equal ones), and the compared natural log-probabilities, one per option."""

    picked: int
    logprobs: tuple[float, ...]


def choose_by_probability(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    *,
    normalize: bool = True,
    batch_size: int | None = None,
) -> list[Choice]:
    """Pick the option whose text is the likeliest answer to the question, which is asked without the options.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and `options`, at least two different texts.
        normalize: compare log-probabilities per token, the end of the turn included; else their sums, which favor short
            texts.
        batch_size: maximum number of sequences in one forward pass.

    Returns:
        One `Choice` per row.

    Raises:
        ValueError: as `score_many`, or if the options of a row are not valid; names the row.
    """
    rows = list(rows)
    options = [options_of(row, index) for index, row in enumerate(rows)]
    scores = score_many(model, processor, rows, options, batch_size=batch_size)
    values = [[score.logprob / (score.num_tokens if normalize else 1) for score in row] for row in scores]
    return [_likeliest(row, index, logprobs) for index, (row, logprobs) in enumerate(zip(rows, values, strict=True))]


def choose_by_letter(
    model: Any, processor: Any, rows: Iterable[Mapping], *, batch_size: int | None = None
) -> list[Choice]:
    """Pick the option whose letter is the likeliest beginning of an answer to the question with its options listed.

    The letter alone is scored, without the end of the turn: a model may continue with the option's text. Otherwise as
    `choose_by_probability`, with 2 to 26 options.
    """
    rows = list(rows)
    options = [options_of(row, index, most=len(ascii_uppercase)) for index, row in enumerate(rows)]
    questions = [
        {**row, "question": letter_question(row["question"], texts)} for row, texts in zip(rows, options, strict=True)
    ]
    encoded = encode(processor, questions, [list(ascii_uppercase[: len(texts)]) for texts in options])
    letters = [
        replace(item, answers=tuple(replace(answer, ids=answer.ids[:-1]) for answer in item.answers))
        for item in encoded
    ]
    values = [[score.logprob for score in row] for row in score_encoded(model, letters, batch_size=batch_size)]
    return [_likeliest(row, index, logprobs) for index, (row, logprobs) in enumerate(zip(rows, values, strict=True))]


def options_of(row: Mapping, index: int, *, most: int | None = None) -> list[str]:
    """Return a row's options; raise ValueError unless they are 2 to `most` different texts.

    `index` names a row that has no `id`.
    """
    name, options = row.get("id", f"row {index}"), row.get("options")
    if not isinstance(options, list | tuple) or not all(isinstance(option, str) for option in options):
        raise ValueError(f"{name}: its options are {options!r}: give a list of texts")
    if len(options) < 2 or len(set(options)) < len(options) or (most is not None and len(options) > most):
        allowed = "at least 2" if most is None else f"2 to {most}"
        raise ValueError(f"{name}: it has {len(options)} options: give {allowed}, no two of them equal")
    return list(options)


def _likeliest(row: Mapping, index: int, logprobs: list[float]) -> Choice:
    if not all(math.isfinite(logprob) for logprob in logprobs):
        name = row.get("id", f"row {index}")
        raise UserError(f"{name}: its options have the log-probabilities {logprobs}: {NOT_FINITE}")
    return Choice(max(range(len(logprobs)), key=logprobs.__getitem__), tuple(logprobs))
