"""The Space of `exposure`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field(
        "predictions",
        "Log-probabilities of all candidates",
        "One line per fact: the log-probability of every value that it could have.",
        "-1 -5 -6 -9\n-4 -2 -3 -8",
        kind="rows",
    ),
    Field("references", "Which candidate is true", "One number per fact: 0 for the first candidate.", "0 3"),
    Field(
        "gold",
        "The same from the gold model",
        "One line per fact, from a model that never saw it.",
        "-7 -5 -6 -5.5\n-4 -2 -5 -3",
        kind="rows",
        optional=True,
    ),
    Field(
        "num_tokens",
        "Tokens of each candidate",
        "One line per fact; ranks then go by log-probability per token.",
        kind="rows",
        optional=True,
    ),
)
MEANINGS = {
    "exposure": "bits, 0 .. log2 n, lower = less exposed",
    "exposure_normalised": "0 .. 1, lower = less exposed",
    "exposure_chance": "bits of uniformly random ranks",
    "rank1_share": "0 .. 1, true value the most likely",
    "ranked_by": "what ranks go by",
    "n": "facts",
    "ci_*": "95 % interval of exposure",
    "exposure_gold": "bits of the gold model",
    "exposure_normalised_gold": "0 .. 1, of the gold model",
    "exposure_excess": "bits above gold, about 0 is best",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    said = [
        f"On average the model gives away **{result['exposure']:.2f} bits** of a fact, "
        f"{percent(result['exposure_normalised'])} of all there are.",
        f"For {percent(result['rank1_share'])} of the facts the true value is the most likely of all.",
    ]
    if result["exposure_excess"] is None:
        said.append(
            f"Random ranks would give {result['exposure_chance']:.2f} bits; a gold model is the better measure."
        )
    else:
        excess = result["exposure_excess"]
        side = "more" if excess > 0 else "less"
        said.append(
            f"A model that never saw the facts gives away {result['exposure_gold']:.2f} bits: "
            f"this one **{abs(excess):.2f} bits {side}**. About 0 is best."
        )
    return [*said, "A ruined model exposes nothing either: read this beside utility."]


metric = evaluate.load(str(Path(__file__).with_name("exposure.py")))
form = Form(
    title="exposure",
    lead="How many bits of a fact a model gives away, when all values it could have are ranked by log-probability.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
