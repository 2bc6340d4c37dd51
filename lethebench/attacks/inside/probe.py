"""Linear probes: which candidate value a layer's states point to, by a regression on facts that nobody forgot."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from torch import Tensor

from lethebench.attacks.context import Attempt, Context, NotApplicable
from lethebench.attacks.inside.layers import DECODER, PARTS, Layer, Question, layers_of, question_of, run_recorded
from lethebench.baselines.loading import Loaded
from lethebench.baselines.trainer.weights import evaluating
from lethebench.evaluation.answers.prepare import candidate_answers

ROWS = 8
"""Retain rows that a probe is trained on, as a multiple of the budget's `train_rows`."""
LEAST = 8
"""Fewest rows that a probe is trained on."""
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


class Value(NamedTuple):
    """The value that a row asks for: all values of its attribute, and the index of the right one."""

    attribute: str
    candidates: tuple[str, ...]
    truth: int


class Probe:
    """Read the answer off hidden states by a linear probe that was trained on retain rows.

    For each layer a ridge regression takes the state that predicts the value's first token (the last of the prompt, or
    of the answer's words before the value) to the tokens of the value; for the vision tower and the projector the
    mean state of the row's pictures. `knowledge` is the share of the attribute's wrong values that the probe ranks
    below the right one: 0.5 by chance. Points are layers; without a point it is the layer of its part with the least
    error on retain rows that are left out one at a time.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield the scores of the rows for each layer."""
        train = context.draw(context.retain, ROWS * context.budget.train_rows, "probe")
        train, train_values = _with_values(train, context)
        rows, values = _with_values(rows, context)
        if len(train) < LEAST or not len(rows):
            raise NotApplicable(f"a probe needs {LEAST} retain rows and one forget row whose values are candidates")
        targets = Targets(loaded.processor.tokenizer, [*train_values, *values])
        train_states = _states_of(loaded, train, context, "probe/train")
        states = _states_of(loaded, rows, context, "probe/rows")
        errors: dict[Layer, float] = {}
        scores: dict[Layer, list[dict[str, Any]]] = {}
        for layer in sorted({one for row in train_states for one in row}, key=lambda one: (PARTS.index(one.part), one)):
            fitting = [index for index, row in enumerate(train_states) if layer in row]
            attributes_trained = {train_values[index].attribute for index in fitting}
            read = [
                index
                for index, row in enumerate(states)
                if layer in row and values[index].attribute in attributes_trained
            ]
            if len(fitting) < LEAST or not read:
                context.notes.append(f"{layer.part}: too few rows reach it")
                continue
            attributes = [train_values[index].attribute for index in fitting]
            probe = fit(
                torch.stack([train_states[index][layer] for index in fitting]),
                torch.stack([targets.right(train_values[index]) for index in fitting]),
                attributes,
            )
            errors[layer] = probe.error
            predicted = probe(
                torch.stack([states[index][layer] for index in read]), [values[index].attribute for index in read]
            )
            scores[layer] = [
                {"id": rows[index]["id"], "knowledge": targets.share_below(one, values[index]), **layer._asdict()}
                for index, one in zip(read, predicted, strict=True)
            ]
            yield Attempt(layer.part, scores[layer], layer.number)
        for part in PARTS:
            if own := [layer for layer in errors if layer.part == part]:
                yield Attempt(part, scores[min(own, key=lambda layer: errors[layer])])


def _with_values(rows: Dataset, context: Context) -> tuple[Dataset, list[Value]]:
    """Return the rows whose attribute has candidate values, and their values."""
    chosen: list[int] = []
    values: list[Value] = []
    for index, row in enumerate(context.rewritten(rows.remove_columns("images"), lambda row: {})):
        candidates = context.build.candidates.get(row["attribute"])
        if not candidates or len(candidates) < 2:
            continue
        keywords = row.get("keywords") or ()
        _, truth = candidate_answers(row["answer"], candidates, row_id=row["id"], keywords=keywords)
        chosen.append(index)
        values.append(Value(row["attribute"], tuple(candidates), truth))
    return rows.select(chosen), values


class Targets:
    """Values as vectors: which tokens they have, with length 1."""

    def __init__(self, tokenizer: Any, values: Sequence[Value]) -> None:
        texts = dict.fromkeys(text for value in values for text in value.candidates)
        tokens = {text: set(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts}
        columns = {token: column for column, token in enumerate(sorted(set().union(*tokens.values())))}
        self.of_text: dict[str, Tensor] = {}
        for text, own in tokens.items():
            vector = torch.zeros(len(columns), dtype=torch.float64)
            vector[[columns[token] for token in own]] = 1.0
            self.of_text[text] = vector / vector.norm()

    def right(self, value: Value) -> Tensor:
        """Return the vector of the right value."""
        return self.of_text[value.candidates[value.truth]]

    def share_below(self, predicted: Tensor, value: Value) -> float:
        """Return the share of the wrong values that are less similar to a prediction than the right one; ties half."""
        similarity = torch.stack([self.of_text[text] for text in value.candidates]) @ predicted
        right = similarity[value.truth]
        wrong = torch.cat([similarity[: value.truth], similarity[value.truth + 1 :]])
        return ((wrong < right).double() + (wrong == right).double() / 2).mean().item()


class Fitted(NamedTuple):
    """A linear probe: targets = (states - mean state) @ weights + mean target, the means by attribute.

    Attributes:
        means: Attribute -> (mean state, mean target).
        weights: (D, K).
        error: Mean squared error on rows left out one at a time, over the variance.
    """

    means: Mapping[str, tuple[Tensor, Tensor]]
    weights: Tensor
    error: float

    def __call__(self, states: Tensor, attributes: Sequence[str]) -> Tensor:
        """Return the predictions, (N, K), for states, (N, D), of rows with these attributes."""
        state_means, target_means = (torch.stack([self.means[one][part] for one in attributes]) for part in (0, 1))
        return (states.double() - state_means) @ self.weights + target_means


def fit(states: Tensor, targets: Tensor, attributes: Sequence[str]) -> Fitted:
    """Return the ridge regression within attributes, with the penalty of least error on rows left out one at a time.

    Args:
        states: (N, D).
        targets: (N, K), float64.
        attributes: Of the N rows.
    """
    states = states.double()
    by_attribute: dict[str, list[int]] = defaultdict(list)
    for index, attribute in enumerate(attributes):
        by_attribute[attribute].append(index)
    means = {one: (states[own].mean(0), targets[own].mean(0)) for one, own in by_attribute.items()}
    states = states - torch.stack([means[one][0] for one in attributes])
    targets = targets - torch.stack([means[one][1] for one in attributes])
    left, sizes, right = torch.linalg.svd(states, full_matrices=False)
    scale = sizes.square().mean().clamp(min=1e-12)
    variance = targets.square().mean().clamp(min=1e-12)
    best: tuple[float, Tensor] | None = None
    for penalty in PENALTIES:
        shrunk = sizes.square() / (sizes.square() + penalty * scale)
        fitted = left @ (shrunk[:, None] * (left.T @ targets))
        influence = left.square() @ shrunk
        error = (((targets - fitted) / (1 - influence).clamp(min=1e-6)[:, None]).square().mean() / variance).item()
        if best is None or error < best[0]:
            weights = right.T @ ((sizes / (sizes.square() + penalty * scale))[:, None] * (left.T @ targets))
            best = error, weights
    assert best is not None
    return Fitted(means, best[1], best[0])


def _states_of(loaded: Loaded, rows: Dataset, context: Context, name: str) -> list[dict[Layer, Tensor]]:
    """Return layer -> the state that a probe reads, (D,) on the CPU, of each row."""
    encoded = context.prepare(loaded, rows, name).encoded
    texts = context.rewritten(rows.remove_columns("images"), lambda row: {})
    questions = [question_of(loaded.processor, *pair) for pair in zip(encoded, texts, strict=True)]

    def of_part(model: Any, indices: Sequence[int]) -> list[dict[Layer, Tensor]]:
        with evaluating(model):
            return [_states(model, questions[index]) for index in indices]

    return context.by_part(loaded, rows, of_part)


def _states(model: Any, question: Question) -> dict[Layer, Tensor]:
    _, states = run_recorded(model, layers_of(model), question)
    before_value = question.first - 1 - len(question.ids)
    return {
        layer: (
            own[0][0, before_value] if layer.part == DECODER else torch.cat([one.flatten(0, -2) for one in own]).mean(0)
        )
        .float()
        .cpu()
        for layer, own in states.items()
    }
