"""The form of the `exposure` Space."""

from lethebench.evaluation.space_app.form import Field, Form, percent


def explain(result: dict) -> list[str]:
    """Return sentences that say how to read a result."""
    sentences = [
        f"On average the model gives away **{result['exposure']:.2f} bits** of a fact, "
        f"{percent(result['exposure_normalised'])} of the maximum.",
        f"For {percent(result['rank1_share'])} of the facts the true value is the most likely of all.",
    ]
    if result["exposure_excess"] is None:
        sentences.append(
            f"Random ranks would give {result['exposure_chance']:.2f} bits; a gold model is the better reference."
        )
    else:
        excess = result["exposure_excess"]
        sentences.append(
            f"A model that never saw the facts gives away {result['exposure_gold']:.2f} bits: this one "
            f"**{abs(excess):.2f} bits {'more' if excess > 0 else 'less'}**. About 0 is best."
        )
    return [*sentences, "A ruined model exposes nothing either: read this together with utility."]


FORM = Form(
    fields=(
        Field("predictions", "Log-probabilities of all candidates", "-1 -5 -6 -9\n-4 -2 -3 -8", kind="rows"),
        Field("references", "Which candidate is true", "0 3"),
        Field("gold", "The same from the gold model", "-7 -5 -6 -5.5\n-4 -2 -5 -3", kind="rows"),
        Field("num_tokens", "Tokens of each candidate", kind="rows"),
    ),
    explain=explain,
)
