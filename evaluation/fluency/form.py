"""The form of the `fluency` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"Fluency from 1 to 10: **{result['fluency']:.2f}**; {percent(result['fluent'])} are language.",
        "Compare with the model before unlearning. A refusal can be fluent, and so can a wrong answer.",
    ]
    if result["failed"]:
        sentences.append(f"{result['failed']} rows have no verdict and enter no figure.")
    return sentences


FORM = Form(
    fields=(
        Field(
            "predictions",
            "Generated answers",
            "She is a nurse.\nI don't know.\nnurse nurse nurse nurse nurse nurse\nHe works at the",
            kind="texts",
        ),
        Field("references", "True answers", "nurse\nnurse\nnurse\nnurse", kind="texts"),
        Field("verdicts", "Verdicts of another judge", holes=True),
    ),
    explain=explain,
)
