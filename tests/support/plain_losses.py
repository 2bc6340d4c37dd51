"""The losses of the methods, row by row, from their definitions."""

import torch


def lp(row):
    """Sum of the log-probabilities of an answer's tokens."""
    distributions, tokens = row
    return sum(distributions[index, token] for index, token in enumerate(tokens.tolist()))


def ce(rows):
    return sum(-lp(row) / len(row[1]) for row in rows) / len(rows)


def kl(rows, originals):
    """Mean over rows of the token mean of KL(original, current)."""
    total = 0
    for (current, tokens), (original, _) in zip(rows, originals, strict=True):
        total = total + (original.exp() * (original - current)).sum() / len(tokens)
    return total / len(rows)


def npo(rows, originals, beta):
    ratios = [lp(row) - lp(original) for row, original in zip(rows, originals, strict=True)]
    return 2 / beta * sum(torch.log(1 + torch.exp(beta * ratio)) for ratio in ratios) / len(rows)


def simnpo(rows, beta, gamma):
    scores = [-beta / len(row[1]) * lp(row) - gamma for row in rows]
    return -2 / beta * sum(torch.log(1 / (1 + torch.exp(-score))) for score in scores) / len(rows)


def dpo(refusals, rows, original_refusals, originals, beta):
    total = 0
    for chosen, rejected, ref_chosen, ref_rejected in zip(refusals, rows, original_refusals, originals, strict=True):
        margin = (lp(chosen) - lp(ref_chosen)) - (lp(rejected) - lp(ref_rejected))
        total = total - torch.log(1 / (1 + torch.exp(-beta * margin)))
    return total / len(rows)


# name -> (method, settings, loss of (forget, refusals, retain) rows now and originally)
CASES = {
    "ga": ("ga", {}, lambda now, then: -ce(now[0])),
    "graddiff": ("graddiff", {"retain_weight": 3.0}, lambda now, then: -ce(now[0]) + 3 * ce(now[2])),
    "kl": ("kl", {"retain_weight": 3.0}, lambda now, then: -ce(now[0]) + 3 * kl(now[2], then[2])),
    "npo": ("npo", {"retain_loss": "none", "beta": 0.5}, lambda now, then: npo(now[0], then[0], 0.5)),
    "npo-ce": ("npo", {"beta": 0.5}, lambda now, then: npo(now[0], then[0], 0.5) + ce(now[2])),
    "npo-kl": (
        "npo",
        {"retain_loss": "kl", "beta": 0.5, "retain_weight": 2.0},
        lambda now, then: npo(now[0], then[0], 0.5) + 2 * kl(now[2], then[2]),
    ),
    "simnpo": ("simnpo", {"beta": 0.3, "gamma": 0.2}, lambda now, then: simnpo(now[0], 0.3, 0.2)),
    "simnpo-ce": (
        "simnpo",
        {"beta": 0.3, "retain_loss": "ce", "retain_weight": 2.0},
        lambda now, then: simnpo(now[0], 0.3, 0.0) + 2 * ce(now[2]),
    ),
    "idk": ("idk", {"retain_weight": 2.0}, lambda now, then: ce(now[1]) + 2 * ce(now[2])),
    "dpo": ("dpo", {"beta": 0.4}, lambda now, then: dpo(now[1], now[0], then[1], then[0], 0.4)),
    "dpo-ce": (
        "dpo",
        {"beta": 0.4, "retain_loss": "ce"},
        lambda now, then: dpo(now[1], now[0], then[1], then[0], 0.4) + ce(now[2]),
    ),
}
