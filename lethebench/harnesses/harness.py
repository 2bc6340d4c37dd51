"""Functions that the exported tasks of lm-eval and lmms-eval refer to: prompt, pictures and scores of a row.

A multiple-choice question lists its options by letter; an answer that names an option counts as the option's text.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.answers.letters import chosen, letter_question
from lethebench.evaluation.answers.row_scores import compare, keywords_of

SCORES = ("exact_match", "keyword_match", "rouge_l")
"""Scores of every row, in [0, 1]; higher is better."""


def prompt(row: Mapping[str, Any]) -> str:
    """Return the question of a row, with its options if it has any."""
    return letter_question(row["question"], row["options"])


def pictures(row: Mapping[str, Any]) -> list[Any]:
    """Return the pictures of a row in RGB; [] for a text row."""
    return [picture.convert("RGB") for picture in row["images"]]


def text_rows(rows: Any) -> Any:
    """Return the rows of a dataset without pictures."""
    text = MODALITIES.index("text")
    return rows.filter(lambda modality: modality == text, input_columns="modality").remove_columns("images")


def scores(row: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Return the scores of an answer; NaN where one is not measured.

    Args:
        row: A question row of the build.
        results: Generated texts; the first one is scored.
    """
    generated = results[0]
    if row["options"] and (choice := chosen(generated, row["options"])) is not None:
        generated = row["options"][choice]
    all_scores = compare(generated, row["answer"], keywords_of(row))
    return {name: math.nan if all_scores[name] is None else all_scores[name] for name in SCORES}
