"""The Space of `forget`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field("predictions", "Knowledge after unlearning", "One number in 0..1 per question.", "0.5 0 0 0"),
    Field("references", "Knowledge before unlearning", "The same questions, in the same order.", "1 1 1 1"),
    Field(
        "gold",
        "Knowledge of the gold model",
        "The same questions, by a model retrained without them.",
        "0 0.2 0 0",
        optional=True,
    ),
    Field("truth_ratios", "Truth ratios of the unlearned model", "Numbers above 0.", "0.5 1.0 1.5", optional=True),
    Field("gold_truth_ratios", "Truth ratios of the gold model", "Numbers above 0.", "0.6 1.1 1.4", optional=True),
)
MEANINGS = {
    "forget": "0 .. 1, higher is better",
    "knowledge_*": "mean, 0 .. 1",
    "flags": "none is best",
    "n": "rows",
    "ci_*": "95 % interval of forget",
    "forget_quality": "p-value, 0 .. 1, higher = closer to gold",
    "log10_forget_quality": "up to 0, higher = closer to gold",
    "ks": "0 .. 1, lower = closer to gold",
    "js": "0 .. 1, lower = closer to gold",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    before, after, gold = (result[f"knowledge_{name}"] for name in ("before", "after", "gold"))
    said = [f"The model knew **{percent(before)}** of this before unlearning, and knows **{percent(after)}** now."]
    if gold is None:
        said.append("No gold model is given, so 0 % is taken: values that can be guessed then look remembered.")
    else:
        said.append(f"A model that never saw it knows {percent(gold)}.")
    said.append(f"On the way from the learnt model (0) to that (1), forgetting is at **{result['forget']:.3f}**.")
    if "over_unlearned" in result["flags"]:
        said.append("It knows clearly less than the gold model: over-unlearned, which can itself be noticed.")
    if "ks" in result:
        p = result["forget_quality"]
        told = "no difference of the two models is shown" if p > 0.05 else "the two models behave differently"
        said.append(f"By their truth ratios {told} (KS distance {result['ks']:.2f}, p = {p:.2g}).")
    return [*said, "A ruined model forgets everything too: read this beside utility."]


metric = evaluate.load(str(Path(__file__).with_name("forget.py")))
form = Form(
    title="forget",
    lead="How much of what was to be forgotten is gone: from 0, as before unlearning, to 1, as if never learnt.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
