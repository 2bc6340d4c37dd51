"""The form of the `stability` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"Stability is **{result['stability']:.3f}** of 1: forgetting is at {result['forget_anytime']:.3f} and what is "
        f"kept at {result['keep_anytime']:.3f}, over all stages; the lower one of each stage counts.",
        f"At its own stage a task loses {percent(result['forget_now'])} of what was known of it.",
    ]
    if result["historical_preservation"] is not None:
        sentences.append(
            f"At later stages {percent(result['historical_preservation'])} of it is gone; at worst "
            f"{percent(result['worst_relapse'])} of a task is known again."
        )
        if (loss := result["premature_forgetting"]) is not None:
            sentences.append(f"Tasks still to come had lost {percent(loss)} of what was known of them.")
    sentences.append(f"{percent(result['utility_retention'])} of utility is left at the end.")
    if result["collapse_stage"] is not None:
        sentences.append(f"Utility fell under half at stage {result['collapse_stage']}: the model collapsed there.")
    return sentences


FORM = Form(
    fields=(
        Field("predictions", "Knowledge of each task after each stage", "1 1\n0.25 0.75\n0.5 0", kind="rows"),
        Field("references", "Utility after each stage", "0.8 0.8 0.6"),
    ),
    explain=explain,
)
