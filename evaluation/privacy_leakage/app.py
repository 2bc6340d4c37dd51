"""The Space of `privacy_leakage`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field(
        "predictions",
        "Membership scores",
        "One number per row, higher = more likely seen in training, e.g. minus the loss.",
        "-0.2 -1.1 -0.9 -1.6",
    ),
    Field("references", "Which rows are of the forget set", "1 = forget set, 0 = holdout, per row.", "1 1 0 0"),
    Field(
        "gold",
        "Membership scores of the gold model",
        "The same rows, by a model retrained without the forget set.",
        "-1.2 -1.1 -0.9 -1.6",
        optional=True,
    ),
)
MEANINGS = {
    "auc": "0 .. 1, 0.5 = cannot be told apart",
    "auc_gold": "0 .. 1",
    "privacy_leakage": "per cent, 0 is best",
    "privleak_muse": "per cent, 0 is best, MUSE's sign",
    "flags": "none is best",
    "n": "rows",
    "ci_*": "95 % interval of auc",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    said = [
        f"A row of the forget set scores above a holdout row in **{percent(result['auc'])}** of pairs; "
        "50 % would be chance."
    ]
    leakage = result["privacy_leakage"]
    if leakage is None:
        said.append("No gold model is given: whether that is too much cannot be said.")
    elif abs(leakage) < 0.05:
        said.append(f"So it does for the gold model ({percent(result['auc_gold'])}): nothing leaks by this measure.")
    else:
        kind = "still recognised (under-unlearned)" if leakage > 0 else "recognised by being avoided (over-unlearned)"
        said.append(
            f"For the gold model it is {percent(result['auc_gold'])}. Leakage is **{leakage:+.1f} %**: "
            f"the forget set is {kind}."
        )
    if "auc_extreme" in result["flags"]:
        said.append("The two sets are told apart almost perfectly: check that they are alike but for training.")
    return [*said, "One attack that fails does not show that none succeeds."]


metric = evaluate.load(str(Path(__file__).with_name("privacy_leakage.py")))
form = Form(
    title="privacy_leakage",
    lead="Whether the forget set can still be told from rows that the model never saw, after MUSE.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
