"""Rows as harnesses ask and score them. The tasks that `lethe export` writes for lm-eval and lmms-eval name these.

A multiple-choice question is put with its options as letters; an answer that names an option counts as its text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.contract.columns import MODALITIES
from lethebench.evaluation.answers.letters import chosen, letter_question
from lethebench.evaluation.answers.row_scores import compare, keywords_of

SCORES = ("exact_match", "keyword_match", "rouge_l")
"""What every row is scored by: in [0, 1], higher is better."""


def prompt(row: Mapping[str, Any]) -> str:
    """The question of a row, with its options where it has any."""
    return letter_question(row["question"], row["options"])


def pictures(row: Mapping[str, Any]) -> list:
    """The pictures of a row as RGB; none for a text row."""
    return [picture.convert("RGB") for picture in row["images"]]


def text_rows(rows: Any) -> Any:
    """The rows of a dataset that ask without a picture."""
    text = MODALITIES.index("text")
    return rows.filter(lambda modality: modality == text, input_columns="modality").remove_columns("images")


def scores(row: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """The scores of an answer.

    Args:
        row: of the build.
        results: what the model said, as the first of them.
    """
    (said, *_) = results
    if row["options"] and (choice := chosen(said, row["options"])) is not None:
        said = row["options"][choice]
    found = compare(said, row["answer"], keywords_of(row))
    return {name: found[name] for name in SCORES}
