"""From verdicts to one figure in the scale of the rubric's paper; a failed verdict is counted and enters no figure."""

from collections.abc import Hashable, Sequence

import numpy as np

from lethebench.evaluation.judges.local.judge import LocalJudge
from lethebench.evaluation.judges.protocol import Item
from lethebench.evaluation.judges.rubrics import FLUENT_FROM, RUBRICS
from lethebench.evaluation.metrics.bootstrap import bootstrap_mean
from lethebench.evaluation.metrics.validation import same_length


def verdict_summary(
    name: str,
    verdicts: Sequence[float | None],
    *,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return the mean verdict by a rubric in its paper's scale, with its interval.

    Args:
        name: of the rubric.
        verdicts: one per row on the rubric's scale, or the mean of several; None where it failed.
        profile_ids: per row, whose row it is; the interval then resamples profiles.
        seed: of the bootstrap interval.

    Returns:
        `name`: sum / (2 n) for a scale of 0 to 2, in [0, 1]; the mean for one of 1 to 10.
        n, failed: number of verdicts, and of rows without one.
        ci_low, ci_high: bootstrap 95 % interval of the figure.
        share_2: for a scale of 0 to 2, the share of verdicts of 2, in [0, 1].
        fluent: for fluency, the share of answers that are language: verdicts of 4 and more.

    Raises:
        ValueError: no verdict, or one that is not on the scale; names the row.
    """
    rubric = RUBRICS[name]
    for row, verdict in enumerate(verdicts):
        if verdict is not None and not rubric.low <= verdict <= rubric.high:
            raise ValueError(f"verdicts[{row}] is {verdict}: {name} has a scale from {rubric.low} to {rubric.high}")
    if profile_ids is not None:
        same_length("profile_ids", profile_ids, len(verdicts))
    judged = [row for row, verdict in enumerate(verdicts) if verdict is not None]
    if not judged:
        raise ValueError(f"no row has a verdict by {name}")
    values = np.array([verdicts[row] for row in judged], dtype=np.float64)
    clusters = None if profile_ids is None else [profile_ids[row] for row in judged]
    low, high = bootstrap_mean(values, clusters=clusters, seed=seed)
    result: dict[str, float | int | None] = {
        name: rubric.scaled(float(values.mean())),
        "n": len(judged),
        "failed": len(verdicts) - len(judged),
        "ci_low": None if low is None else rubric.scaled(low),
        "ci_high": None if high is None else rubric.scaled(high),
    }
    if rubric.low == 0:
        result["share_2"] = float(np.mean(values == rubric.high))
    if name == "fluency":
        result["fluent"] = float(np.mean(values >= FLUENT_FROM))
    return result


def judged_summary(
    name: str,
    texts: Sequence[str],
    answers: Sequence[str],
    questions: Sequence[str] | None = None,
    keywords: Sequence[Sequence[str]] | None = None,
    verdicts: Sequence[float | None] | None = None,
    profile_ids: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> dict:
    """Return `verdict_summary` of verdicts that are given, or of the local judge's on the texts.

    Raises:
        ValueError: no rows, or columns of different lengths.
    """
    same_length("predictions", texts, len(answers))
    if verdicts is None:
        for column, values in {"questions": questions, "keywords": keywords}.items():
            if values is not None:
                same_length(column, values, len(answers))
        items = [
            Item(
                question=(questions[row] if questions is not None else None) or "",
                answer=text,
                truth=answers[row],
                keywords=tuple((keywords[row] if keywords is not None else None) or ()),
            )
            for row, text in enumerate(texts)
        ]
        verdicts = [verdict.value for verdict in LocalJudge().judge(items, RUBRICS[name])]
    else:
        same_length("verdicts", verdicts, len(answers))
    return verdict_summary(name, verdicts, profile_ids=profile_ids, seed=seed)


def module_inputs(figure: str, more: str, examples: str) -> str:
    """Return the description of the inputs of a metric module: what `figure` and `more` results mean, and examples."""
    return f"""
Args:
    predictions: generated texts.
    references: true answers.
    questions: per row, what was asked; helps the local judge to tell evasion from an answer.
    keywords: per row, the parts of the answer that carry the fact; default: its words.
    verdicts: per row, the verdict of a judge on the rubric's scale or the mean of several, None where it failed;
        default: the verdicts of the local judge.
    profile_ids: per row, whose row it is; the interval then resamples profiles.
    seed: of the bootstrap interval.

Returns:
    {figure}
    n, failed: number of verdicts, and of rows without one, which enter no figure.
    ci_low, ci_high: bootstrap 95 % interval.
    {more}

Raises:
    ValueError: no row has a verdict, one is not on the scale, or columns have different lengths.

{examples.strip()}
"""
