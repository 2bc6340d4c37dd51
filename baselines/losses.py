"""The losses of the unlearning methods, as functions of tensors: no model, no trainer, no data.

Notation: lp(y) is the sum over an answer's tokens of log p(y_i | pictures, question, y_<i), |y| their number and
ce(y) = -lp(y) / |y|. Every term is a token mean (or, for lp, a token sum) within a row and then a mean over rows, so a
long answer weighs no more than a short one. All values are in nats.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def token_logps(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the log-probability of each target token.

    Args:
        logits: (..., V), unnormalised, at the positions that predict the targets.
        targets: (...), token ids.

    Returns:
        (...), float32, <= 0.
    """
    return TokenLogps.apply(logits.float(), targets)


class TokenLogps(torch.autograd.Function):
    """The gradient of `token_logps` in place of a distribution: one pass over the vocabulary fewer."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the log-probabilities (...) of targets under logits (..., V)."""
        distribution = logits.log_softmax(-1)
        ctx.save_for_backward(distribution, targets)
        return distribution.gather(-1, targets.unsqueeze(-1)).squeeze(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the logits."""
        distribution, targets = ctx.saved_tensors
        gradient = gradient.unsqueeze(-1)
        return distribution.exp().mul_(-gradient).scatter_add_(-1, targets.unsqueeze(-1), gradient), None


def sequence_logps(logps: Tensor, mask: Tensor) -> Tensor:
    """Return lp(y) of each row, (B,) and <= 0, from (B, T) token log-probabilities and their mask."""
    return (logps * mask).sum(-1)


def row_cross_entropy(logps: Tensor, mask: Tensor) -> Tensor:
    """Return ce(y) of each row, (B,) and >= 0, from (B, T) token log-probabilities and their mask."""
    return -(logps * mask).sum(-1) / mask.sum(-1)


def cross_entropy_loss(logps: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over rows of ce(y): a scalar >= 0, minimized to train or to retain."""
    return row_cross_entropy(logps, mask).mean()


def ga_loss(logps: Tensor, mask: Tensor) -> Tensor:
    """Return the loss of gradient ascent: minus the mean over forget rows of ce(y).

        L = -E_f[ce(y)]

    Unbounded below, so long runs ruin the model (Jang et al. 2023, arXiv 2210.01504). TOFU and open-unlearning take the
    mean over all tokens of a batch.

    Args:
        logps: (B, T) log-probabilities of the forget answers' tokens.
        mask: (B, T), True on answer tokens.

    Returns:
        Scalar <= 0.
    """
    return -cross_entropy_loss(logps, mask)


def kl_loss(distributions: Tensor, ref_distributions: Tensor, mask: Tensor) -> Tensor:
    """Return the KL divergence from the initial to the current model (Maini et al. 2024, arXiv 2401.06121).

        L = E_r[1 / |y| sum_i KL(p_ref(. | y_<i) || p_theta(. | y_<i))]

    The direction is KL(initial, current), over answer tokens alone; open-unlearning takes every position, those of the
    question and of padding included. At theta = ref it is 0 and so is its gradient.

    Args:
        distributions: (N, V) log-probabilities of the whole vocabulary under the current model, one row per answer
            token, in the order of `mask`'s true positions, row by row.
        ref_distributions: (N, V) the same under the model as it was before this stage; no gradient flows into it.
        mask: (B, T), True on the N answer tokens.

    Returns:
        Scalar >= 0, in nats.

    Raises:
        ValueError: if the shapes differ.
    """
    if distributions.shape != ref_distributions.shape:
        raise ValueError(
            f"distributions has shape {tuple(distributions.shape)} and ref_distributions "
            f"{tuple(ref_distributions.shape)}: give one distribution per answer token in both"
        )
    ref = ref_distributions.detach()
    tokens = functional.kl_div(distributions, ref, reduction="none", log_target=True).sum(-1)
    rows = tokens.new_zeros(mask.shape).masked_scatter(mask, tokens)
    return (rows.sum(-1) / mask.sum(-1)).mean()


def npo_loss(logps: Tensor, ref_logps: Tensor, *, beta: float) -> Tensor:
    """Return the loss of negative preference optimization (Zhang et al. 2024, arXiv 2404.05868, equation 3).

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
    check_beta("NPO", beta)
    if logps.shape != ref_logps.shape:
        raise ValueError(
            f"logps has shape {tuple(logps.shape)} and ref_logps {tuple(ref_logps.shape)}: give one summed "
            "log-probability per row in both"
        )
    return (2 / beta) * functional.softplus(beta * (logps - ref_logps.detach())).mean()


def simnpo_loss(logps: Tensor, mask: Tensor, *, beta: float, gamma: float = 0.0) -> Tensor:
    """Return the loss of SimNPO, NPO without a reference (Fan et al. 2024, arXiv 2410.07163).

        L = -(2 / beta) E_f[log sigmoid(-(beta / |y|) lp_theta(y) - gamma)]

    Its gradient weighs that of lp by (2 / |y|) sigmoid((beta / |y|) lp + gamma): answers that are already unlikely per
    token weigh little.

    Args:
        logps: (B, T) log-probabilities of the forget answers' tokens.
        mask: (B, T), True on answer tokens.
        beta: inverse temperature, > 0.
        gamma: margin, in nats, as in the paper; its code multiplies it by beta.

    Returns:
        Scalar > 0.

    Raises:
        ValueError: if beta is not positive or not finite.
    """
    check_beta("SimNPO", beta)
    return (2 / beta) * functional.softplus(-beta * row_cross_entropy(logps, mask) + gamma).mean()


def dpo_loss(chosen: Tensor, rejected: Tensor, ref_chosen: Tensor, ref_rejected: Tensor, *, beta: float) -> Tensor:
    """Return the loss of direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290, equation 7).

        L = -E[log sigmoid(beta ((lp_theta(c) - lp_ref(c)) - (lp_theta(r) - lp_ref(r))))]

    At theta = ref it is ln 2. open-unlearning multiplies it by 2 / beta.

    Args:
        chosen: (B,) lp of the answers to prefer, here refusals: sums over tokens, never means.
        rejected: (B,) lp of the answers to forget.
        ref_chosen, ref_rejected: (B,) the same under the model as it was before this stage; no gradient flows in.
        beta: inverse temperature, > 0.

    Returns:
        Scalar > 0.

    Raises:
        ValueError: if beta is not positive or not finite.
    """
    check_beta("DPO", beta)
    margin = (chosen - ref_chosen.detach()) - (rejected - ref_rejected.detach())
    return functional.softplus(-beta * margin).mean()


def check_beta(method: str, beta: float) -> None:
    """Raise ValueError unless an inverse temperature is positive and finite."""
    if not beta > 0 or math.isinf(beta):
        raise ValueError(f"beta is {beta}: {method} needs a positive, finite inverse temperature")
