"""The form of the `unlearning` Space."""

from lethebench.evaluation.space_app.form import Field, Form


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    if result["score"] is None:
        sentences = ["**There is no score**, because one of its parts is missing."]
    else:
        sentences = [f"The score is **{result['score']:.3f}** of 1, a harmonic mean: the weakest part weighs most."]
    sentences += [f"Not measured: {reason}." for reason in result["reasons"]]
    parts = {name: result[name] for name in ("forget", "utility", "stability")}
    parts["closeness of exposure to gold"] = result["exposure_closeness"]
    parts = {name: value for name, value in parts.items() if value is not None}
    if parts:
        sentences.append("Its parts: " + ", ".join(f"{name} {value:.3f}" for name, value in parts.items()) + ".")
    if len(parts) > 1:
        sentences.append(f"The weakest of them is **{min(parts, key=parts.__getitem__)}**.")
    if "collapsed" in result["flags"]:
        sentences.append("The model has collapsed: less than half of its utility is left, so the score is 0.")
    if "no_gold" in result["flags"]:
        sentences.append("Without a gold model there are no answers of a model that never saw the facts.")
    return sentences


FORM = Form(
    fields=(
        Field("predictions", "Generated answers", "in Porto\nin Bern\nno idea\nin Bern", kind="texts"),
        Field("references", "Right answers", "in Porto\nin Bern\nin Porto\nin Bern", kind="texts"),
        Field("stage", "Stage", "0 0 1 1"),
        Field("role", "Role", "forget\nretain\nforget\nretain", kind="texts"),
        Field("task_id", "Task", "0 -1 0 -1"),
        Field("gold_text", "Answers of the gold model", "no idea\nin Bern\nno idea\nin Bern", kind="texts"),
        Field("probability", "Probability of the right answer", "0.9 0.75 0.1 0.5"),
        Field("truth_ratio", "Truth ratio", "0.1 0.4 1.2 0.5", holes=True),
        Field(
            "candidates",
            "Log-probabilities of all candidates",
            "-1 -2 -2.5 -9\nnone\n-3 -2 -2.5 -9\nnone",
            kind="rows",
            holes=True,
        ),
        Field(
            "gold_candidates",
            "The same from the gold model",
            "-4 -2 -2.5 -3\nnone\n-4 -2 -2.5 -3\nnone",
            kind="rows",
            holes=True,
        ),
        Field("truth_index", "Which candidate is true", "0 none 0 none", holes=True),
        Field("before_text", "Answers before unlearning", kind="texts"),
    ),
    explain=explain,
    parts=("forget", "utility", "stability", "exposure"),
)
