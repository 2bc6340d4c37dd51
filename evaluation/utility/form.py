"""The form of the `utility` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    if result["utility"] is None:
        return ["**Utility is not measured**: no answer has a word for ROUGE-L, and no other part was given."]
    sentences = [f"Utility is **{result['utility']:.3f}** of 1, a harmonic mean: the weakest part weighs most."]
    if result["utility_relative"] is not None:
        sentences.append(f"That is **{percent(result['utility_relative'])}** of what it was before unlearning.")
    if "collapsed" in result["flags"]:
        sentences.append("Less than half is left: the model counts as collapsed.")
    if result["not_measured"]:
        missing = ", ".join(result["not_measured"])
        sentences.append(f"Not measured: {missing}. Compare only with a utility of the same parts.")
    return sentences


FORM = Form(
    fields=(
        Field("predictions", "Generated answers", "in Porto\na nurse", kind="texts"),
        Field("references", "Right answers", "in Porto\na teacher", kind="texts"),
        Field("probability", "Probability of the right answer", "0.5 0.3"),
        Field("truth_ratio", "Truth ratio", "0.5 none", holes=True),
        Field("groups", "Groups", "retain\nretain", kind="texts"),
        Field("before", "Utility before unlearning", "0.75", kind="number"),
    ),
    explain=explain,
)
