"""The form of the `forget` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    before, after, gold = (result[f"knowledge_{name}"] for name in ("before", "after", "gold"))
    sentences = [f"The model knew **{percent(before)}** of this before unlearning, and knows **{percent(after)}** now."]
    if gold is None:
        sentences.append("Without a gold model 0 % is assumed: values that can be guessed then look remembered.")
    else:
        sentences.append(f"A model that never saw it knows {percent(gold)}.")
    sentences.append(
        f"From the initial model (0) to that one (1), forgetting is at **{result['forget']:.3f}**, and at "
        f"{result['forget_worst']:.3f} for those of whom most is left."
    )
    if "over_unlearned" in result["flags"]:
        sentences.append("It knows clearly less than the gold model: over-unlearned, which can itself be noticed.")
    if "ks" in result:
        p = result["forget_quality"]
        verdict = "do not differ significantly" if p > 0.05 else "differ"
        sentences.append(f"The truth ratios of the two models {verdict} (KS distance {result['ks']:.2f}, p = {p:.2g}).")
    return [*sentences, "A ruined model forgets everything too: read this together with utility."]


FORM = Form(
    fields=(
        Field("predictions", "Knowledge after unlearning", "0.5 0 0 0"),
        Field("references", "Knowledge before unlearning", "1 1 1 1"),
        Field("gold", "Knowledge of the gold model", "0 0.2 0 0"),
        Field("truth_ratios", "Truth ratios of the unlearned model", "0.5 1.0 1.5"),
        Field("gold_truth_ratios", "Truth ratios of the gold model", "0.6 1.1 1.4"),
    ),
    explain=explain,
)
