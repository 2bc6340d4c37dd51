"""Exposure beyond the limit of ranks: from the tail of a skew-normal distribution fitted to the candidates' scores."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lethebench.evaluation.metrics.exposure import check_candidates

FAR = 1e-4
"""Smaller tails are integrated in logarithms: scipy's lose digits to cancellation (all of them where the shape is
negative) and underflow to 0."""


def log_tail(value: float, shape: float, location: float = 0.0, width: float = 1.0) -> float:
    """Return log P(S >= value) of a skew-normal S; it is finite for any value.

    With x the standardized value and f(x) = 2 phi(x) Phi(shape x) its density, a small tail is computed as
    log f(x) + log of the integral of f(x + u) / f(x) over u >= 0.

    Source: Azzalini, "A class of distributions which includes the normal ones", 1985.

    >>> round(log_tail(0.0, 0.0), 6)  # log(1/2)
    -0.693147
    """
    from scipy import integrate, special, stats  # takes half a second

    x = (value - location) / width
    near = float(stats.skewnorm.sf(x, shape))
    if near > FAR or x <= 0:
        return math.log(max(near, math.ulp(0.0)))

    own = math.log(2) - x * x / 2 - math.log(2 * math.pi) / 2 + float(special.log_ndtr(shape * x))
    steep = 1 + min(shape, 0.0) ** 2

    def ratio(u: float) -> float:
        """Return f(x + u) / f(x) without cancellation: Phi(-z) = erfcx(z / sqrt 2) exp(-z^2 / 2) / 2."""
        if shape < 0:
            factor = special.erfcx(-shape * (x + u) / math.sqrt(2)) / special.erfcx(-shape * x / math.sqrt(2))
        else:
            factor = special.ndtr(shape * (x + u)) / special.ndtr(shape * x)
        return math.exp(-steep * u * (x + u / 2)) * float(factor)

    reach = min(10 / math.sqrt(steep), 50 / (x * steep))  # beyond it the ratio is below exp(-50)
    return own + math.log(integrate.quad(ratio, 0, reach, epsabs=0)[0])


def exposure_extrapolated(logprobs: ArrayLike, truth: int) -> float:
    """Return exposure in bits by a fitted tail: -log2 P(S >= s), s the true value's score, S skew-normal.

    Unlike ranks it is not limited to log2 n, so that it separates values far above all candidates. S is fitted to the
    other candidates' scores. Arguments as in `exposure_rank`; at least 8 candidates, not all equal.

    Source: Carlini et al. 2019, section 4.3 (approximation by a skew-normal distribution).
    """
    from scipy import stats

    values = check_candidates(logprobs, truth)
    others = np.delete(values, int(truth))
    if len(values) < 8 or np.ptp(others) == 0:
        raise ValueError(
            f"a skew-normal cannot be fitted to {len(others)} scores with range {np.ptp(others)}: "
            "give at least 8 candidates with different scores"
        )
    centre, scale = others.mean(), others.std()
    shape, location, width = stats.skewnorm.fit((others - centre) / scale)
    return -log_tail((values[int(truth)] - centre) / scale, shape, location, width) / math.log(2)
