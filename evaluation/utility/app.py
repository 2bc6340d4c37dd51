"""The Space of `utility`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field("predictions", "Generated answers", "One per line.", "in Porto\na nurse", kind="texts"),
    Field("references", "Right answers", "One per line, in the same order.", "in Porto\na teacher", kind="texts"),
    Field("probability", "Probability of the right answer", "One number in 0..1 per row.", "0.5 0.3", optional=True),
    Field(
        "truth_ratio",
        "Truth ratio",
        "One number per row, `none` where there is none; below 1 the truth is preferred.",
        "0.5 none",
        optional=True,
        holes=True,
    ),
    Field(
        "groups",
        "Groups",
        "retain, neighbour or general, one per line; empty: all retain.",
        "retain\nretain",
        kind="texts",
        optional=True,
    ),
    Field("before", "Utility before unlearning", "One number in 0..1.", "0.75", kind="number", optional=True),
)
MEANINGS = {
    "utility": "0 .. 1, higher is better",
    "utility_relative": "share of utility before, about 1 is best",
    "retain_*": "mean, 0 .. 1, higher is better",
    "neighbour_*": "mean, 0 .. 1, higher is better",
    "general_*": "mean, 0 .. 1, higher is better",
    "not_measured": "parts left out",
    "flags": "none is best",
    "n": "rows",
    "ci_*": "95 % interval of utility",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    said = [f"Utility is **{result['utility']:.3f}** of 1, the harmonic mean of all parts: a weak part weighs most."]
    if result["utility_relative"] is not None:
        said.append(f"That is **{percent(result['utility_relative'])}** of what it was before unlearning.")
    if "collapsed" in result["flags"]:
        said.append("Less than half is left: the model counts as collapsed.")
    if result["not_measured"]:
        said.append(f"Left out: {', '.join(result['not_measured'])}. Compare only with a utility of the same parts.")
    return said


metric = evaluate.load(str(Path(__file__).with_name("utility.py")))
form = Form(
    title="utility",
    lead="What a model keeps after unlearning, from its answers to questions that were never to be forgotten.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
