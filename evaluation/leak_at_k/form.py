"""The form of the `leak_at_k` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    names = [name for name in result if name.startswith("leak_at_")]
    shares = [f"**{percent(result[name])}** with {name.removeprefix('leak_at_')} sampled answers" for name in names]
    return [
        f"An attacker who samples answers learns this share of the facts: {', '.join(shares)}.",
        "Compare it with that of a model retrained without these facts: common values are guessed by chance.",
    ]


FORM = Form(
    fields=(
        Field("predictions", "Samples of each question that give the fact away", "0 2 4"),
        Field("references", "Samples of each question", "4 4 4"),
    ),
    explain=explain,
)
