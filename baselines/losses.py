"""The losses of the unlearning methods, as functions of tensors: no model, no trainer, no data.

Notation: lp(y) is the sum over an answer's tokens of log p(y_i | pictures, question, y_<i), |y| their number and
ce(y) = -lp(y) / |y|. Every term is a token mean (or, for lp, a token sum) within a row and then a mean over rows, so a
long answer weighs no more than a short one. All values are in nats.
"""

import math

from torch import Tensor
from torch.nn import functional


def token_logps(logits: Tensor, targets: Tensor) -> Tensor:
    """Log-probability of each target token.

    Args:
        logits: (..., V), unnormalised, at the positions that predict the targets.
        targets: (...), token ids.

    Returns:
        (...), float32, <= 0.
    """
    return logits.float().log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def sequence_logps(logps: Tensor, mask: Tensor) -> Tensor:
    """lp(y) of each row: (B, T) token log-probabilities and their mask give (B,) sums, each <= 0."""
    return (logps * mask).sum(-1)


def row_cross_entropy(logps: Tensor, mask: Tensor) -> Tensor:
    """ce(y) of each row: (B, T) token log-probabilities and their mask give (B,) token means, each >= 0."""
    return -(logps * mask).sum(-1) / mask.sum(-1)


def cross_entropy_loss(logps: Tensor, mask: Tensor) -> Tensor:
    """Mean over rows of ce(y): scalar >= 0, minimised to learn or to retain."""
    return row_cross_entropy(logps, mask).mean()


def ga_loss(logps: Tensor, mask: Tensor) -> Tensor:
    """Gradient ascent: minus the mean over forget rows of ce(y).

        L = -E_f[ce(y)]

    Unbounded below, which is why it ruins a model when it runs for long (Jang et al. 2023, arXiv 2210.01504).

    Args:
        logps: (B, T) log-probabilities of the forget answers' tokens.
        mask: (B, T), True on answer tokens.

    Returns:
        Scalar <= 0.
    """
    return -cross_entropy_loss(logps, mask)


def npo_loss(logps: Tensor, ref_logps: Tensor, *, beta: float) -> Tensor:
    """Negative preference optimisation (Zhang et al. 2024, arXiv 2404.05868, equation 3).

        L = (2 / beta) E_f[log(1 + exp(beta (lp_theta(y) - lp_ref(y))))]

    At theta = ref it is (2 / beta) ln 2 and its gradient is that of E_f[lp_theta(y)]; minus that constant it tends to
    E_f[lp_theta(y) - lp_ref(y)], gradient ascent, as beta -> 0; it is bounded below by 0.

    Args:
        logps: (B,) lp of the forget rows under the current model: sums over tokens, never means.
        ref_logps: (B,) the same under the model as it was before this stage; no gradient flows into it.
        beta: inverse temperature, > 0.

    Returns:
        Scalar > 0.

    Raises:
        ValueError: if beta is not positive or the shapes differ.
    """
    if not beta > 0 or math.isinf(beta):
        raise ValueError(f"beta is {beta}: NPO needs a positive, finite inverse temperature")
    if logps.shape != ref_logps.shape:
        raise ValueError(
            f"logps has shape {tuple(logps.shape)} and ref_logps {tuple(ref_logps.shape)}: give one summed "
            "log-probability per row in both"
        )
    return (2 / beta) * functional.softplus(beta * (logps - ref_logps.detach())).mean()
