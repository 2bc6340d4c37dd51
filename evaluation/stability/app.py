"""The Space of `stability`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field(
        "predictions",
        "Knowledge of each task after each stage",
        "One line per stage, the first before unlearning; one number in 0..1 per task.",
        "1 1\n0.25 0.75\n0.5 0",
        kind="rows",
    ),
    Field("references", "Utility after each stage", "One number in 0..1 per stage.", "0.8 0.8 0.6"),
)
MEANINGS = {
    "forget_now": "up to 1, higher is better",
    "historical_preservation": "up to 1, higher is better",
    "rebound_*": "from 0, lower is better",
    "premature_forgetting": "up to 1, lower is better",
    "backward_transfer": "-1 .. 1, positive = relapse",
    "step_variation": "from 0, lower is better",
    "utility_retention": "from 0, higher is better",
    "utility_slope": "per stage, about 0 is best",
    "collapse_stage": "– is best: utility never halved",
    "stability": "0 .. 1, higher is better",
    "undefined": "means over no pair of stages",
    "unmeasured_tasks": "known less than 0.05 before",
    "flags": "none is best",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    said = [
        f"Stability is **{result['stability']:.3f}** of 1.",
        f"At its own stage a task loses {percent(result['forget_now'])} of what was known of it.",
    ]
    if result["historical_preservation"] is not None:
        said.append(
            f"At later stages {percent(result['historical_preservation'])} of it is gone; "
            f"by the last stage {percent(result['rebound_mean'])} has come back, and {percent(result['rebound_max'])} "
            "of the task that came back most."
        )
        hurt = result["premature_forgetting"]
        if hurt is not None:
            said.append(f"Tasks that were not asked yet had lost {percent(hurt)} of what was known of them.")
    said.append(f"{percent(result['utility_retention'])} of utility is left at the end.")
    if result["collapse_stage"] is not None:
        said.append(f"Utility fell under half at stage {result['collapse_stage']}: the model collapsed there.")
    return [*said, "A run that forgets nothing, steadily, is stable too: read this beside forget."]


metric = evaluate.load(str(Path(__file__).with_name("stability.py")))
form = Form(
    title="stability",
    lead="How steadily a model unlearns task after task. Task i is to be forgotten at stage i; stage 0 is before.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
