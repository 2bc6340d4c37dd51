"""The form of the `correctness` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"Facts stated: **{percent(result['correctness'])}**; {percent(result['share_2'])} a whole one.",
        "On retain rows more is better. On the forget set compare with a model that never saw it.",
    ]
    if result["failed"]:
        sentences.append(f"{result['failed']} rows have no verdict and enter no figure.")
    return sentences


FORM = Form(
    fields=(
        Field(
            "predictions",
            "Generated answers",
            "It was June 3, 2017.\nIn June 2017.\nHe is not a nurse but a cook.",
            kind="texts",
        ),
        Field("references", "True answers", "3 June 2017\n3 June 2017\nnurse", kind="texts"),
        Field("verdicts", "Verdicts of another judge", holes=True),
    ),
    explain=explain,
)
