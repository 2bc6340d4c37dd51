"""Multiple choice: which option a model picks, by the probability of its text or of its letter."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from string import ascii_uppercase
from typing import Any, NamedTuple

from lethebench.contract.tokens import encode
from lethebench.evaluation.answers.letters import letter_question
from lethebench.evaluation.likelihood.api import score_encoded, score_many


class Choice(NamedTuple):
    """What a model picks among options.

    Attributes:
        picked: the number of the likeliest option, from 0; the first of equal ones.
        logprobs: what was compared, one natural log-probability per option; <= 0.
    """

    picked: int
    logprobs: tuple[float, ...]


def choose_by_probability(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    *,
    normalise: bool = True,
    batch_size: int | None = None,
) -> list[Choice]:
    """The option whose text is the likeliest answer to the question, which is asked without the options.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and `options`, at least two different texts.
        normalise: compare log-probabilities per token, terminator included; else their sums, which favour short texts.
        batch_size: at most so many sequences in one forward pass.

    Returns:
        One `Choice` per row.

    Raises:
        ValueError: as `score_many`, or the options of a row are not as they should be, by its name.
    """
    rows = list(rows)
    options = [options_of(row, number) for number, row in enumerate(rows)]
    scores = score_many(model, processor, rows, options, batch_size=batch_size)
    values = [[one.logprob / (one.num_tokens if normalise else 1) for one in row] for row in scores]
    return [_likeliest(row, number, found) for number, (row, found) in enumerate(zip(rows, values, strict=True))]


def choose_by_letter(
    model: Any, processor: Any, rows: Iterable[Mapping], *, batch_size: int | None = None
) -> list[Choice]:
    """The option whose letter is the likeliest beginning of an answer, where the question lists the options.

    The letter alone is scored, without the turn's end: a model may go on with the option's text.

    Args:
        model: a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images` and `options`, 2 to 26 different texts.
        batch_size: at most so many sequences in one forward pass.

    Returns:
        One `Choice` per row.

    Raises:
        ValueError: as `score_many`, or the options of a row are not as they should be, by its name.
    """
    rows = list(rows)
    options = [options_of(row, number, most=len(ascii_uppercase)) for number, row in enumerate(rows)]
    asked = [
        {**row, "question": letter_question(row["question"], texts)} for row, texts in zip(rows, options, strict=True)
    ]
    encoded = encode(processor, asked, [list(ascii_uppercase[: len(texts)]) for texts in options])
    letters = [
        replace(item, answers=tuple(replace(answer, ids=answer.ids[:-1]) for answer in item.answers))
        for item in encoded
    ]
    values = [[one.logprob for one in row] for row in score_encoded(model, letters, batch_size=batch_size)]
    return [_likeliest(row, number, found) for number, (row, found) in enumerate(zip(rows, values, strict=True))]


def options_of(row: Mapping, number: int, *, most: int | None = None) -> list[str]:
    """A row's options.

    Raises:
        ValueError: the row's name and what is wrong: fewer than two, too many, no text, or one of them twice.
    """
    name, options = row.get("id", f"row {number}"), row.get("options")
    if not isinstance(options, list | tuple) or not all(isinstance(option, str) for option in options):
        raise ValueError(f"{name}: its options are {options!r}: give a list of texts")
    if len(options) < 2 or len(set(options)) < len(options) or (most is not None and len(options) > most):
        some = "at least 2" if most is None else f"2 to {most}"
        raise ValueError(f"{name}: it has {len(options)} options: give {some}, no two of them equal")
    return list(options)


def _likeliest(row: Mapping, number: int, logprobs: list[float]) -> Choice:
    if not all(math.isfinite(one) for one in logprobs):
        name = row.get("id", f"row {number}")
        raise ValueError(f"{name}: its options have the log-probabilities {logprobs}: are the weights finite?")
    return Choice(max(range(len(logprobs)), key=logprobs.__getitem__), tuple(logprobs))
