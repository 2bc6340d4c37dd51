"""The form of the `memorization` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"The model repeats **{percent(result['exact_match'])}** of the answers word for word, and names "
        f"{percent(result['keyword_match'])} of the facts."
    ]
    if result["passed"]:
        sentences.append("**The memorization gate is passed**: unlearning can be measured on this model.")
    else:
        sentences.append(
            f"**The memorization gate failed**: {result['reason']}. Unlearning cannot be measured on facts that the "
            "model does not know."
        )
    gap = result["multi_hop_gap"]
    if gap is not None and gap > 0:
        sentences.append(f"Questions over a relation or picture score {100 * gap:.1f} points lower than direct ones.")
    return sentences


FORM = Form(
    fields=(
        Field("predictions", "Generated answers", "In Porto.\na nurse\nno idea", kind="texts"),
        Field("references", "Right answers", "in Porto\na nurse\nasthma", kind="texts"),
        Field("modality", "Modality", "text\nimage_text\nimage_text", kind="texts"),
        Field("hops", "Hops", "1 1 2"),
        Field("threshold", "Threshold", "0.9", kind="number"),
    ),
    explain=explain,
)
