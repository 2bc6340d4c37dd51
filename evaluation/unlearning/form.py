"""The form of the `unlearning` Space."""

from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    if result["score"] is None:
        sentences = ["**There is no score**, because one of its parts is missing."]
    else:
        sentences = [f"The score is **{result['score']:.3f}** of 1, a harmonic mean: the weakest part weighs most."]
    sentences += [f"Not measured: {part}: {reason}." for part, reason in result["reasons"].items()]
    parts = {name: result[name] for name in PARTS if result[name] is not None}
    if parts:
        sentences.append("Its parts: " + ", ".join(f"{name} {value:.3f}" for name, value in parts.items()) + ".")
    if len(parts) > 1:
        sentences.append(f"The weakest of them is **{min(parts, key=parts.__getitem__)}**.")
    if "collapsed" in result["flags"]:
        sentences.append("The model has collapsed: less than half of its utility is left.")
    if "fluency_lost" in result["flags"]:
        sentences.append(f"Only {percent(result['fluent'])} of its answers are language, compared with before.")
    if "one_gold_seed" in result["flags"]:
        sentences.append("There is one gold model: how far two of them differ is unknown, and counts from 0.")
    if "no_gold" in result["flags"]:
        sentences.append("Without a gold model there are no answers of a model that never saw the facts.")
    return sentences


def _three(*lines: str) -> str:
    return "\n".join(lines)


FORM = Form(
    fields=(
        Field(
            "predictions",
            "Generated answers",
            _three("in Porto\nin Oslo\nin Bern\nin Rome", *["no idea\nno idea\nin Bern\nin Rome"] * 2),
            kind="texts",
        ),
        Field("references", "Right answers", _three(*["in Porto\nin Oslo\nin Bern\nin Rome"] * 3), kind="texts"),
        Field("model", "Model", _three(*["method"] * 8, *["gold"] * 4), kind="texts"),
        Field("stage", "Stage", "0 0 0 0 1 1 1 1 1 1 1 1"),
        Field("role", "Role", _three(*["forget\nforget\nretain\nretain"] * 3), kind="texts"),
        Field("profile_id", "Profile", _three(*["Ana\nBen\nCat\nDan"] * 3), kind="texts"),
        Field("held_out", "Held-out question (1 = yes)", "0 0 1 1 0 0 1 1 0 0 1 1"),
        Field("probability", "Probability of the right answer", "0.9 0.9 0.8 0.8 0.2 0.2 0.8 0.4 0.2 0.2 0.8 0.8"),
        Field("truth_ratio", "Truth ratio", " ".join(["0.2"] * 12), holes=True),
        Field(
            "candidates",
            "Log-probabilities of all candidates",
            _three(
                *["-0.223 -2.303 -2.303"] * 2,
                *["none"] * 2,
                "-1.204 -0.511 -2.303\n-0.916 -0.693 -2.303",
                *["none"] * 2,
                *["-1.204 -0.693 -1.609"] * 2,
                *["none"] * 2,
            ),
            kind="rows",
            holes=True,
        ),
        Field("truth_index", "Which candidate is true", "0 0 none none 0 0 none none 0 0 none none", holes=True),
    ),
    explain=explain,
    parts=("stability", "forget"),
)
