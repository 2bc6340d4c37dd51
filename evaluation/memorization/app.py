"""The Space of `memorization`: a form, a button, and the result in plain words."""

from pathlib import Path

import evaluate

from lethebench.evaluation.space_app.form import Field, Form, percent
from lethebench.evaluation.space_app.page import build, serve

FIELDS = (
    Field("predictions", "Generated answers", "One per line.", "In Porto.\na nurse\nno idea", kind="texts"),
    Field("references", "Right answers", "One per line, in the same order.", "in Porto\na nurse\nasthma", kind="texts"),
    Field(
        "modality",
        "Modality",
        "image_text or text, one per line.",
        "text\nimage_text\nimage_text",
        kind="texts",
        optional=True,
    ),
    Field("hops", "Hops", "One whole number per row; 1 = the question names the subject.", "1 1 2", optional=True),
    Field("threshold", "Threshold", "Exact match that each modality must reach.", "0.9", kind="number", optional=True),
)
MEANINGS = {
    "exact_match": "0 .. 1, higher = more memorised",
    "rouge_l": "0 .. 1, higher = more memorised",
    "keyword_match": "0 .. 1, higher = more memorised",
    "image_text_*": "rows with a picture",
    "text_*": "rows in words alone",
    "hops_*": "rows of so many hops",
    "multi_hop_gap": "-1 .. 1, 0 is best",
    "passed": "whether unlearning may start",
    "threshold": "for exact match of each modality",
    "reason": "what is below it",
    "flags": "none is best",
    "undefined": "means over no row",
    "n": "rows",
}


def explain(result: dict) -> list[str]:
    """How to read a result."""
    said = [
        f"The model repeats **{percent(result['exact_match'])}** of the answers word for word, and names "
        f"{percent(result['keyword_match'])} of the facts."
    ]
    if result["passed"]:
        said.append("**The gate is passed**: enough was learnt for unlearning to mean something.")
    else:
        said.append(f"**The gate is not passed**: {result['reason']}. What was never learnt cannot be forgotten.")
    gap = result["multi_hop_gap"]
    if gap is not None and gap > 0:
        said.append(f"Questions over a relation or picture score {100 * gap:.1f} points lower than direct ones.")
    return said


metric = evaluate.load(str(Path(__file__).with_name("memorization.py")))
form = Form(
    title="memorization",
    lead="What a model has learnt before it is asked to forget, and whether that is enough to go on.",
    fields=FIELDS,
    compute=metric.compute,
    explain=explain,
    meanings=MEANINGS,
)
demo = build(form)

if __name__ == "__main__":
    serve(demo)
