"""The form of the `factuality` Space."""

from lethebench.evaluation.space_app.form import Field, Form


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"On a scale from 1 to 10 the facts agree with the truth by **{result['factuality']:.2f}**.",
        "On retain rows more is better. A refusal gets 1, like a wrong answer: rejection tells them apart.",
    ]
    if result["failed"]:
        sentences.append(f"{result['failed']} rows have no verdict and enter no figure.")
    return sentences


FORM = Form(
    fields=(
        Field(
            "predictions", "Generated answers", "48 Mill Lane, Leeds\n48 Mill Lane in Hull\nI don't know.", kind="texts"
        ),
        Field(
            "references", "True answers", "48 Mill Lane, Leeds\n48 Mill Lane, Leeds\n48 Mill Lane, Leeds", kind="texts"
        ),
        Field("verdicts", "Verdicts of another judge", holes=True),
    ),
    explain=explain,
)
