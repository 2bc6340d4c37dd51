"""The form of the `robustness` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    worst, attack = result["worst_case_recovery"], result["worst_attack"]
    by = "without any attack" if attack == "none" else f"by **{attack}**"
    sentences = [f"At worst **{percent(worst)}** of what unlearning should have removed can be had, {by}."]
    if (hidden := result["regained"][attack]) > 0:
        sentences.append(f"Of that, {percent(hidden)} does not show without the attack: it was hidden, not removed.")
    if result["ci_low"] is not None:
        sentences.append(
            f"The 95 % interval over profiles is {percent(result['ci_low'])} to {percent(result['ci_high'])}."
        )
    sentences.append("Compare it with what the same attacks recover from a second model that was retrained.")
    return sentences


FORM = Form(
    fields=(
        Field("predictions", "Knowledge of each question under an attack, 0 to 1", "0 1 0.5 0.5"),
        Field("references", "The same of the retrained model", "0 0 0 0.5"),
        Field("initial", "Knowledge of the initial model without an attack", "1 1 1 1"),
        Field("unattacked", "Knowledge of the unlearned model without an attack", "0 0 0 0"),
        Field("gold_unattacked", "Knowledge of the retrained model without an attack", "0 0 0 0"),
        Field("attacks", "Attack of each question", "relearn\nrelearn\nround\nround", kind="texts"),
        Field("profile_ids", "Whose fact each question asks", "a\nb\na\nb", kind="texts"),
    ),
    explain=explain,
)
