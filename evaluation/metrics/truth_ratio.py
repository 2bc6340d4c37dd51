"""The truth ratio of a row, and how the ratios of two models compare (forget quality).

Source: Maini et al., "TOFU: A Task of Fictitious Unlearning for LLMs", 2024.
"""

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

LOG_LIMIT = 700.0  # ratios are clipped here: exp() of larger values overflows a float64


def probability(logprob: float, num_tokens: int) -> float:
    """Return the length-normalized probability of an answer, exp(logprob / num_tokens), in [0, 1]."""
    if num_tokens < 1:
        raise ValueError(f"an answer has at least one token, got {num_tokens}")
    return math.exp(min(logprob / num_tokens, 0.0))


def truth_ratio(
    perturbed: Sequence[tuple[float, int]],
    paraphrases: Sequence[tuple[float, int]],
    answer: tuple[float, int] | None = None,
    *,
    average: Literal["geometric", "arithmetic"] = "geometric",
) -> float:
    """Return the truth ratio R of one row: how likely wrong answers are relative to right ones.

    R = mean over `perturbed` of p^(1/|y|), divided by the mean over `paraphrases` of p^(1/|y|). R < 1: the model
    prefers the truth; R = 1: it is indifferent. TOFU's code uses the inverse in some places.

    Args:
        perturbed: (logprob, num_tokens) of wrong answers of the same form, at least one.
        paraphrases: (logprob, num_tokens) of other wordings of the right answer.
        answer: (logprob, num_tokens) of the right answer itself, used where there is no paraphrase.
        average: rule of both means: `geometric` (TOFU's forget quality; open-unlearning; here in utility and forget
            quality) or `arithmetic` (TOFU's paper and the model utility of its code).

    Returns:
        R > 0, clipped to exp(+-700).

    Raises:
        ValueError: no wrong or no right answer, an answer without tokens, or a log-probability that is not finite.

    >>> round(truth_ratio([(math.log(0.04), 2), (math.log(0.1), 1)], [(math.log(0.16), 2)]), 4)
    0.3536
    """
    right = list(paraphrases) or ([answer] if answer is not None else [])
    if not perturbed or not right:
        raise ValueError(f"a truth ratio needs wrong and right answers, got {len(perturbed)} and {len(right)}")

    def mean(scores: Sequence[tuple[float, int]]) -> float:
        for logprob, count in scores:
            if not math.isfinite(logprob) or count < 1:
                raise ValueError(f"an answer has the log-probability {logprob} over {count} tokens: both must be valid")
        logs = [logprob / count for logprob, count in scores]
        if average == "arithmetic":
            return float(np.logaddexp.reduce(logs)) - math.log(len(logs))
        return sum(logs) / len(logs)

    if average not in ("geometric", "arithmetic"):
        raise ValueError(f"average is {average!r}: give geometric or arithmetic")
    return math.exp(min(max(mean(perturbed) - mean(right), -LOG_LIMIT), LOG_LIMIT))


def option_probability(options: Sequence[tuple[float, int]], correct: int) -> float:
    """Return the probability of the right option among all, each length-normalized, in [0, 1].

    p_right^(1/|y|) / sum over the options of p^(1/|y|).

    Args:
        options: (logprob, num_tokens) of every option, at least two.
        correct: index of the right one.

    Source: Maini et al., "TOFU", 2024, appendix (probability on Real Authors and World Facts).

    >>> round(option_probability([(math.log(0.16), 2), (math.log(0.1), 1)], 0), 4)
    0.8
    """
    if len(options) < 2 or not 0 <= correct < len(options):
        raise ValueError(f"{len(options)} options with the right one at {correct}: give at least two, and one of them")
    logs = []
    for logprob, count in options:
        if not math.isfinite(logprob) or count < 1:
            raise ValueError(f"an option has the log-probability {logprob} over {count} tokens: both must be valid")
        logs.append(logprob / count)
    return math.exp(logs[correct] - float(np.logaddexp.reduce(logs)))


def answer_probability(
    perturbed: Sequence[tuple[float, int]],
    paraphrases: Sequence[tuple[float, int]],
    answer: tuple[float, int],
) -> float:
    """Return the probability of the right answer among wrong ones, each against the right one in its form, in [0, 1].

    1 / (1 + sum over `perturbed` of p_wrong^(1/|y|) / p_right^(1/|y|)). Wrong answers take the forms of the paraphrases
    in turn, so p_right is that of the paraphrase in the same form, or of the answer if there is none. A model that
    knows nothing but the forms gets 1 / (1 + n) for n wrong answers.

    Args:
        perturbed: (logprob, num_tokens) of wrong answers, at least one.
        paraphrases: (logprob, num_tokens) of other wordings of the right answer.
        answer: (logprob, num_tokens) of the right answer itself, used where there is no paraphrase.

    Source: `option_probability`, with TOFU's wrong answers in the form of the paraphrased answer (arXiv 2401.06121).

    >>> round(answer_probability([(math.log(0.04), 2), (math.log(0.1), 1)], [(math.log(0.16), 2)], (-1.0, 1)), 4)
    0.5714
    """
    if not perturbed:
        raise ValueError("no wrong answer: give at least one")
    logs = [0.0]
    for wrong, right in zip(perturbed, cycle(paraphrases or [answer]), strict=False):
        for logprob, count in (wrong, right):
            if not math.isfinite(logprob) or count < 1:
                raise ValueError(f"an answer has the log-probability {logprob} over {count} tokens: both must be valid")
        logs.append(wrong[0] / wrong[1] - right[0] / right[1])
    return math.exp(-float(np.logaddexp.reduce(logs)))


def _ratios(values: ArrayLike, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} is empty or not a list of numbers, shape {array.shape}")
    bad = np.flatnonzero(~(np.isfinite(array) & (array > 0)))
    if len(bad):
        raise ValueError(f"{name}[{bad[0]}] is {array[bad[0]]}: a truth ratio is a finite number above 0")
    return array


def _log10_p(distance: float, n: int, m: int) -> float:
    """Return log10 of a vanishing p-value of the two-sample test from the first term of its series.

    Source: for equal sizes Gnedenko and Korolyuk, 1951: p = 2 (C(2n, n - h) - C(2n, n - 2h) + ...) / C(2n, n), h = nD.
    """
    if n != m:
        return (math.log(2) - 2 * n * m / (n + m) * distance**2) / math.log(10)
    steps = round(distance * n)
    log_factorials = math.lgamma(n - steps + 1) + math.lgamma(n + steps + 1)
    return (math.log(2) + 2 * math.lgamma(n + 1) - log_factorials) / math.log(10)


def forget_quality(truth_ratios: ArrayLike, gold_truth_ratios: ArrayLike) -> dict[str, float]:
    """Return how well the unlearned model's truth ratios on the forget set match those of the gold model.

    Args:
        truth_ratios: truth ratios of the unlearned model on the forget set, above 0.
        gold_truth_ratios: truth ratios of the gold model on the forget set, above 0; their number may differ.

    Returns:
        forget_quality: p-value of the two-sample Kolmogorov-Smirnov test of the truth ratios, in 0..1, higher = closer
            to gold; where truth ratios of both models are given.
        log10_forget_quality: its logarithm, at most 0; where p underflows, exact for equal numbers and else that of
            the leading term 2 exp(-2 D^2 nm/(n+m)).
        ks: Kolmogorov-Smirnov distance D of the truth ratios, in 0..1, lower = closer to gold.
        js: Jensen-Shannon distance of the truth ratios (base 2, 20 equal bins of log R over both), in 0..1, lower =
            closer to gold.

    Raises:
        ValueError: truth ratios of one model alone, or one that is not finite and above 0.

    Source: TOFU, section 3.3 (forget quality); the distances are added because p-values depend on n.
    """
    from scipy import stats  # imported late: half a second
    from scipy.spatial.distance import jensenshannon

    ratios, gold = _ratios(truth_ratios, "truth_ratios"), _ratios(gold_truth_ratios, "gold_truth_ratios")
    test = stats.ks_2samp(ratios, gold)
    p_value, distance = float(min(test.pvalue, 1.0)), float(test.statistic)
    log10 = math.log10(p_value) if p_value > 1e-300 else _log10_p(distance, len(ratios), len(gold))
    logs = np.log(ratios), np.log(gold)
    edges = np.histogram_bin_edges(np.concatenate(logs), bins=20)
    counts = [np.histogram(values, bins=edges)[0] for values in logs]
    js = float(jensenshannon(counts[0], counts[1], base=2)) if np.ptp(np.concatenate(logs)) > 0 else 0.0
    return {"forget_quality": p_value, "log10_forget_quality": log10, "ks": distance, "js": min(max(js, 0.0), 1.0)}
