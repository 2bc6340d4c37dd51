"""The report's fixed texts: what each flag, figure and method means, in plain language."""

FLAGS = {
    "collapsed": "The model lost more than half of its utility: what it no longer answers is broken, not forgotten. "
    "Its score is 0.",
    "not_memorised": "Stage 1 missed the gate, so there was little to forget; the figures after it carry no weight.",
    "over_unlearned": "The model answers fewer of the forgotten questions than a model that never saw them, which is "
    "itself a trace of what was removed.",
    "no_gold": "No retrained model to compare with: forget is measured against zero, and exposure against nothing.",
    "not_measured": "Some figures could not be measured; the reasons are listed below the table.",
    "sampled": "Measured on a sample of the rows.",
    "not_finished": "The run stopped before this method’s last stage; resume it to fill this row.",
}

STABILITY = {
    "forget_now": ("higher", "Forgotten at the stage that asked for it"),
    "historical_preservation": ("higher", "Still forgotten at the stages after"),
    "rebound_mean": ("lower", "Knowledge that came back by the end, mean over tasks"),
    "rebound_max": ("lower", "The same for the task where most came back"),
    "premature_forgetting": ("lower", "Lost before it was asked for: damage to the tasks still to come"),
    "backward_transfer": ("zero", "Knowledge of earlier tasks at the end, minus right after their own stage"),
    "utility_retention": ("higher", "Utility at the end, as a share of utility before"),
    "utility_slope": ("zero", "Change of relative utility per stage"),
    "collapse_stage": ("none", "First stage with less than half of the utility left"),
    "step_variation": ("lower", "Mean jump from stage to stage"),
}

ARROWS = {
    "higher": ("↑", "higher is better"),
    "lower": ("↓", "lower is better"),
    "zero": ("→ 0", "closer to zero is better"),
    "gold": ("→ gold", "closer to the gold model is better"),
    "none": ("", ""),
}

METHODS = {
    "ga": "gradient ascent on what is to be forgotten",
    "graddiff": "gradient ascent on what is to be forgotten, descent on what is to be kept",
    "kl": "gradient ascent, held to the old model’s answers on what is to be kept",
    "npo": "negative preference optimization",
    "simnpo": "NPO without a reference model",
    "idk": "trained to answer that it does not know",
    "dpo": "preference optimization: a refusal over the answer",
    "mmunlearner": "ascent on the weights that matter for the forget rows only",
    "manu": "pruning of neurons that matter for the forget rows",
    "lumoe": "one adapter per task behind a gate",
    "prompt": "a system prompt that asks for silence; nothing is trained",
}

BENCHMARKS = {
    "icu": "fictitious people with a document each",
    "mllmu": "people, fictitious ones and public figures",
    "mlu": "well-known entities",
    "remem": "fictitious people",
}
"""What a benchmark's profiles stand for."""

MODALITIES = {"image_text": "picture and text", "text": "text only"}

LIMITS = (
    "A low keyword match shows that the model no longer says a fact, not that the fact has left its weights: no "
    "relearning attack and no quantization probe was tried.",
    "Forget alone cannot tell unlearning from collapse: read it with utility, and exposure with the gold model’s.",
    "Gold’s exposure may lie below chance, because a model prefers the values it has memorised. The comparison is with "
    "gold, not with zero.",
)
TINY = (
    "The tiny model’s tokenizer was made once from all texts of the run, values to be forgotten included; the gold "
    "model shares it. New wordings share their key words with the learnt ones: this is generalisation over templates."
)
INTERVALS = (
    "Intervals are 95 % bootstrap intervals over profiles of one run. They say nothing about another seed of training; "
    "several seeds do."
)
SEEDS = "With several seeds the figures are means with their sample standard deviation; heat maps show means."
