"""The form of the `rejection` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"Declined: **{percent(result['rejection'])}**; {percent(result['share_2'])} clearly.",
        "On the forget set more is better: a refusal neither leaks nor invents a fact. On all other rows it is damage.",
    ]
    if result["failed"]:
        sentences.append(f"{result['failed']} rows have no verdict and enter no figure.")
    return sentences


FORM = Form(
    fields=(
        Field(
            "predictions",
            "Generated answers",
            "I don't know.\nShe lives in Porto.\nNot sure, maybe Leeds.",
            kind="texts",
        ),
        Field("references", "True answers", "Leeds\nPorto\nLeeds", kind="texts"),
        Field("verdicts", "Verdicts of another judge", holes=True),
    ),
    explain=explain,
)
