"""The form of the `privacy_leakage` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"A row of the forget set scores above a holdout row in **{percent(result['auc'])}** of pairs; "
        "50 % would be chance."
    ]
    leakage = result["privacy_leakage"]
    if leakage is None:
        sentences.append("Without a gold model there is nothing to compare this with.")
    elif abs(leakage) < 0.05:
        sentences.append(f"The gold model has the same share ({percent(result['auc_gold'])}): no leakage is measured.")
    else:
        kind = "still recognized (under-unlearned)" if leakage > 0 else "recognized by being avoided (over-unlearned)"
        sentences.append(
            f"For the gold model it is {percent(result['auc_gold'])}. Leakage is **{leakage:+.1f} %**: "
            f"the forget set is {kind}."
        )
    if "auc_extreme" in result["flags"]:
        sentences.append("The attack separates the two sets almost perfectly: check that they differ in training only.")
    return [*sentences, "One attack that fails does not show that none succeeds."]


FORM = Form(
    fields=(
        Field("predictions", "Membership scores", "-0.2 -1.1 -0.9 -1.6"),
        Field("references", "Which rows are of the forget set", "1 1 0 0"),
        Field("gold", "Membership scores of the gold model", "-1.2 -1.1 -0.9 -1.6"),
    ),
    explain=explain,
)
