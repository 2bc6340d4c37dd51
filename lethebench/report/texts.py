"""Fixed texts of the report: what the figures do not show."""

LIMITS = (
    "A low keyword match shows that the model no longer states a fact, not that the fact has left its weights: no "
    "relearning attack and no quantization probe was run.",
    "Forget alone cannot distinguish unlearning from collapse: read it with utility, and exposure with the gold "
    "model’s.",
    "The gold model’s exposure may be below chance, because a model prefers the values it has memorized. Compare with "
    "gold, not with zero.",
)
TINY = (
    "The tiny model’s tokenizer was trained once on all texts of the run, the forget set included; the gold model "
    "shares it. Held-out wordings share their keywords with the trained ones, so they test generalization over "
    "templates."
)
INTERVALS = (
    "Intervals are 95 % bootstrap intervals over the profiles of one run. They do not include the variation between "
    "training seeds; run several seeds for that."
)
SEEDS = "With several seeds, figures are means with sample standard deviations; heat maps show means."
