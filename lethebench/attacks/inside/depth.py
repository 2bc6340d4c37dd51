"""Unlearning depth by activation patching, for the vision tower, the projector and the language model apart."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor, nn

from lethebench.attacks.context import Attempt, Context, NotApplicable
from lethebench.attacks.inside.layers import (
    DECODER,
    PARTS,
    Layer,
    Question,
    States,
    layers_of,
    question_of,
    replaced,
    run_recorded,
    value_logprob,
)
from lethebench.baselines.loading import Loaded
from lethebench.baselines.trainer.weights import evaluating

THRESHOLD = 0.05
"""Drop of the log-probability, in nats, above which a layer holds knowledge of a fact."""

Drops = dict[Layer, float]
"""Layer -> how far the log-probability of the value drops in the initial model with another model's states there."""
Scores = dict[tuple[str, int | None], list[dict[str, Any]]]
"""Part, and number of a layer or None for all of the part -> rows with `knowledge`."""


class Depth:
    """Put a model's hidden states into the initial model, layer by layer: does it still know the answer?

    Layers where gold's states make the initial model forget hold the knowledge. `knowledge` of a row in a part of the
    model is 1 - UDS: 1 where the model's states keep the answer as the initial ones do, 0 where they lose it as gold's
    do. Points are layers, without a point all layers of the part. Gold is compared with gold of another seed.

    The control is the same on retain rows. Near 1 it says that the model's states fit the initial model, so that what
    they lose of forget rows is forgotten; a ruined model has 0 in both. It has no rows if gold's states lower no retain
    answer; if gold was trained from other initial weights, as the tiny one is, they are foreign and lower all.

    Source: unlearning depth score, Lee et al., arXiv 2605.24614, for language models (layers, positions of the value's
    tokens, and threshold as in its code); the vision tower and the projector, whose whole outputs are replaced, and the
    control are this project's extension.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield what the states of each part, and of each of its layers, keep of each row."""
        initial, gold = context.initial(), context.gold()
        if gold is None and not context.is_gold:
            raise NotApplicable("it needs a gold model, whose states show which layers hold the knowledge")

        def scores(asked: Dataset, name: str) -> Scores:
            encoded = context.prepare(initial, asked, name).encoded
            texts = context.rewritten(asked.remove_columns("images"), lambda row: {})
            questions = [question_of(initial.processor, *pair) for pair in zip(encoded, texts, strict=True)]

            def of_part(model: Any, indices: Sequence[int]) -> list[tuple[Drops, Drops]]:
                source = model if gold is None else gold.model
                return [drops(initial.model, source, model, questions[index]) for index in indices]

            return kept_shares(asked["id"], context.by_part(loaded, asked, of_part))

        by_layer = scores(rows, "none")
        if not by_layer:
            raise NotApplicable(f"gold's states lower no answer of the initial model by more than {THRESHOLD}")
        for (part, number), values in by_layer.items():
            yield Attempt(part, values, number)
        control = context.draw(context.retain, len(rows), "depth/control")
        for (part, number), values in scores(control, "depth/control").items():
            if number is None:
                yield Attempt(f"{part} (control)", values)


def kept_shares(ids: Sequence[str], both: Sequence[tuple[Drops, Drops]]) -> Scores:
    """Return 1 - UDS of rows by part, and by layer of it, from the drops with gold's states and with the model's."""
    scores: Scores = defaultdict(list)
    for row_id, (by_gold, by_model) in zip(ids, both, strict=True):
        for part in PARTS:
            layers = [layer for layer in by_gold if layer.part == part]
            for number, chosen in ((None, layers), *((layer.number, [layer]) for layer in layers)):
                depth = unlearning_depth([by_gold[one] for one in chosen], [by_model.get(one, 0.0) for one in chosen])
                if depth is not None:
                    scores[part, number].append({"id": row_id, "knowledge": 1 - depth})
    return dict(sorted(scores.items(), key=lambda item: (PARTS.index(item[0][0]), item[0][1] or 0)))


def unlearning_depth(gold: Sequence[float], model: Sequence[float], threshold: float = THRESHOLD) -> float | None:
    """Return UDS, sum_l g_l clip(m_l / g_l, 0, 1) / sum_l g_l over the layers l with g_l > threshold.

    Args:
        gold: Drops g of the answer's log-probability with gold's states, by layer, in nats.
        model: Drops m with the unlearned model's states.
        threshold: Of layers that hold the knowledge, >= 0.

    Returns:
        0 (all of it is kept) to 1 (as much is lost as with gold's states); None without a layer above the threshold.

    >>> unlearning_depth([2.0, 1.0, 0.01], [1.0, 3.0, 0.0])
    0.6666666666666666
    """
    knowing = [(one, other) for one, other in zip(gold, model, strict=True) if one > threshold]
    if not knowing:
        return None
    return sum(min(max(other, 0.0), one) for one, other in knowing) / sum(one for one, _ in knowing)


def drops(initial: nn.Module, gold: nn.Module, model: nn.Module, question: Question) -> tuple[Drops, Drops]:
    """Return the drops with gold's states at each layer, and those with a model's where gold's exceed the threshold."""
    layers = layers_of(initial)
    with evaluating(initial), evaluating(gold), evaluating(model):
        clean, own = run_recorded(initial, layers, question)

        def with_states(states: States, chosen: Sequence[Layer]) -> Drops:
            return {
                layer: _drop(initial, layers[layer], layer, own[layer], states[layer], question, clean)
                for layer in chosen
                if layer in own and layer in states
            }

        by_gold = with_states(run_recorded(gold, layers_of(gold), question)[1], list(layers))
        knowing = [layer for layer, drop in by_gold.items() if drop > THRESHOLD]
        by_model = with_states(run_recorded(model, layers_of(model), question)[1], knowing) if knowing else {}
    return by_gold, by_model


def _drop(
    initial: nn.Module,
    module: nn.Module,
    layer: Layer,
    own: Sequence[Tensor],
    states: Sequence[Tensor],
    question: Question,
    clean: float,
) -> float:
    if len(own) == len(states) and all(torch.equal(*pair) for pair in zip(own, states, strict=True)):
        return 0.0  # a frozen part, or the initial model itself
    with replaced(module, states, question if layer.part == DECODER else None):
        return clean - value_logprob(initial, question)
