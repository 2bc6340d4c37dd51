"""The Space of `unlearning`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field(
        "predictions",
        "Generated answers",
        "One per line: every question after every stage.",
        "in Porto\nin Bern\nno idea\nin Bern",
        kind="texts",
    ),
    Field(
        "references",
        "Right answers",
        "One per line, in the same order.",
        "in Porto\nin Bern\nin Porto\nin Bern",
        kind="texts",
    ),
    Field("stage", "Stage", "After which stage a row was answered; 0 = before unlearning.", "0 0 1 1", optional=True),
    Field(
        "role",
        "Role",
        "forget, retain, neighbour or general, one per line.",
        "forget\nretain\nforget\nretain",
        kind="texts",
        optional=True,
    ),
    Field(
        "task_id", "Task", "0 for the first task, -1 for rows never asked to be forgotten.", "0 -1 0 -1", optional=True
    ),
    Field(
        "gold_text",
        "Answers of the gold model",
        "One per line, by a model retrained without what was to be forgotten.",
        "no idea\nin Bern\nno idea\nin Bern",
        kind="texts",
        optional=True,
    ),
    Field("probability", "Probability of the right answer", "0..1, one per row.", "0.9 0.75 0.1 0.5", optional=True),
    Field(
        "truth_ratio",
        "Truth ratio",
        "One per row, `none` where there is none.",
        "0.1 0.4 1.2 0.5",
        optional=True,
        holes=True,
    ),
    Field(
        "candidates",
        "Log-probabilities of all candidates",
        "One line per row, `none` where it has none.",
        "-1 -2 -2.5 -9\nnone\n-3 -2 -2.5 -9\nnone",
        kind="rows",
        optional=True,
        holes=True,
    ),
    Field(
        "gold_candidates",
        "The same from the gold model",
        "One line per row, `none` where it has none.",
        "-4 -2 -2.5 -3\nnone\n-4 -2 -2.5 -3\nnone",
        kind="rows",
        optional=True,
        holes=True,
    ),
    Field(
        "truth_index",
        "Which candidate is true",
        "0 for the first candidate, `none` where the row has none.",
        "0 none 0 none",
        optional=True,
        holes=True,
    ),
    Field(
        "before_text",
        "Answers before unlearning",
        "One per line; only where no row is of stage 0.",
        kind="texts",
        optional=True,
    ),
)
MEANINGS = {
    "score": "0 .. 1, higher is better",
    "forget": "0 .. 1, higher is better",
    "utility": "0 .. 1, higher is better",
    "stability": "0 .. 1, higher is better",
    "exposure": "bits, compare with exposure_gold",
    "exposure_closeness": "0 .. 1, higher is better",
    "exposure_excess": "bits above gold, about 0 is best",
    "exposure_*": "see the module exposure",
    "rank1_share": "0 .. 1, true value the most likely",
    "ranked_by": "what ranks go by",
    "knowledge_*": "mean, 0 .. 1",
    "utility_relative": "share of utility before, about 1 is best",
    "retain_*": "mean, 0 .. 1, higher is better",
    "neighbour_*": "mean, 0 .. 1, higher is better",
    "general_*": "mean, 0 .. 1, higher is better",
    "forget_now": "up to 1, higher is better",
    "historical_preservation": "up to 1, higher is better",
    "rebound_*": "from 0, lower is better",
    "premature_forgetting": "up to 1, lower is better",
    "backward_transfer": "-1 .. 1, positive = relapse",
    "step_variation": "from 0, lower is better",
    "utility_retention": "from 0, higher is better",
    "utility_slope": "per stage, about 0 is best",
    "collapse_stage": "– is best: utility never halved",
    "unmeasured_tasks": "known less than 0.05 before",
    "undefined": "means over no pair of stages",
    "missing": "parts that the score lacks",
    "reasons": "why",
    "not_measured": "parts of utility left out",
    "flags": "none is best",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    parts = {name: result[name] for name in ("forget", "utility", "stability")}
    parts["closeness of exposure to gold"] = result["exposure_closeness"]
    if result["score"] is None:
        said = ["**There is no score**, since a part of it is missing."]
    else:
        said = [
            f"The score is **{result['score']:.3f}** of 1, the harmonic mean of four parts: a weak part weighs most."
        ]
    said += [f"Not measured: {reason}." for reason in result["reasons"]]
    found = {name: value for name, value in parts.items() if value is not None}
    if found:
        said.append("Its parts: " + ", ".join(f"{name} {value:.3f}" for name, value in found.items()) + ".")
    if len(found) > 1:
        said.append(f"The weakest of them is **{min(found, key=found.get)}**.")
    if "collapsed" in result["flags"]:
        said.append("The model has collapsed: less than half of its utility is left, so the score is 0.")
    if "no_gold" in result["flags"]:
        said.append("Without a gold model nobody knows what a model that never saw the facts would say.")
    return said


metric = evaluate.load(str(Path(__file__).with_name("unlearning.py")))
form = Form(
    title="unlearning",
    lead="Is it forgotten, is the rest kept, does that hold task after task, and are forgotten values given away?",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
