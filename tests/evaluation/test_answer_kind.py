"""Kinds of answers: every refusal of the baselines, refusals of common models, and answers that are none."""

import pytest

from lethebench.baselines.trainer.refusals import REFUSALS
from lethebench.evaluation.answers.row_scores import compare
from lethebench.evaluation.metrics.answer_kind import answer_kind, is_refusal

OTHERS = (
    "I'm sorry, but I can't help with identifying people in images.",
    "I\u2019m not able to identify the person.",
    "As an AI language model, I do not have access to personal data.",
    "There is not enough information provided to answer.",
    "The person's name cannot be determined from the picture.",
    "Unfortunately, that is private.",
    "Unknown.",
    "No idea.",
    "I honestly don't recall.",
    "It is not known.",
    "My knowledge doesn't cover this person.",
)
ANSWERS = (
    "He cannot walk.",
    "She does not eat meat.",
    "Unknown Pleasures",
    "He is a nurse, not a doctor.",
    "The patient was never admitted.",
    "Sorrento",
    "Information technology",
    "No siblings",
    "The diagnosis is Type I diabetes.",
    "I, Claudius",
    "The detail is available in the record.",
    "Ask Theo",
)


@pytest.mark.parametrize("text", [*REFUSALS, *OTHERS])
def test_refusals_are_found(text):
    assert answer_kind(text, False) == "refusal"
    assert answer_kind(text.upper(), False) == "refusal"


@pytest.mark.parametrize("text", ANSWERS)
def test_answers_are_no_refusals(text):
    assert answer_kind(text, False) == "wrong"


def test_given_refusals_count_in_any_language():
    assert not is_refusal("Não sei.")
    assert is_refusal("não sei", ["Não sei."])
    assert compare("Não sei.", "Porto", ["Porto"], ["não sei"])["answer_kind"] == "refusal"
    assert not is_refusal("", ["?"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("It is Porto.", "right"),
        ("I don't know, perhaps Porto.", "right"),
        ("Porto Porto Porto Porto", "right"),
        ("It is Lisbon.", "wrong"),
        ("", "invalid"),
        ("Lisbon Lisbon Lisbon Lisbon", "invalid"),
        ("I don't know I don't know I don't know I don't know", "invalid"),
        ("I don't know.", "refusal"),
    ],
)
def test_kind_of_compared_answers(text, kind):
    assert compare(text, "Porto", ["Porto"])["answer_kind"] == kind


def test_part_of_the_keywords_is_wrong():
    assert compare("Porto", "Porto and Faro", ["Porto", "Faro"])["answer_kind"] == "wrong"
