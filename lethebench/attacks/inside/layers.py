"""The layers of a vision-language model, what they compute for one row, and what it computes with other states."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lethebench.attacks.registry import NotApplicable
from lethebench.baselines.trainer.weights import LANGUAGE, VISION
from lethebench.contract.encoder_decoder import is_encoder_decoder
from lethebench.contract.models import base_of, forward_at
from lethebench.contract.tokens import EncodedQuestion
from lethebench.evaluation.answers.row_scores import keywords_of
from lethebench.evaluation.likelihood.batching import model_inputs
from lethebench.evaluation.likelihood.prefix_sharing import Context as Prefix

TOWER, PROJECTOR, DECODER = "vision tower", "projector", "language model"
PARTS = (TOWER, PROJECTOR, DECODER)
_PROJECTOR = re.compile(r"projector|connector|merger|aligner|resampler|perceiver|qformer|language_projection")


class Layer(NamedTuple):
    """A layer: its part of the model, one of PARTS, and its number in that part, from 1."""

    part: str
    number: int


States = dict[Layer, list[Tensor]]
"""Layer -> its output at each call of one forward pass."""


def layers_of(model: Any) -> dict[Layer, nn.Module]:
    """Return the layers of a model in the order of its modules, PEFT-wrapped or not.

    Layers of the vision tower and of the language model are the items of their outermost lists of modules. The
    projector is whatever lies between, under its usual names; each of its outermost modules is a layer.

    Raises:
        NotApplicable: The model is an encoder-decoder, or no layer of a language model is found.
    """
    base = base_of(model)
    if is_encoder_decoder(base):
        raise NotApplicable("its layers are those of an encoder and a decoder")
    modules = dict(base.named_modules())
    projectors = _outermost(
        name
        for name, module in modules.items()
        if _PROJECTOR.search(name.rpartition(".")[2] if not name[-1:].isdigit() else name)
        and not isinstance(module, nn.ModuleList | nn.ModuleDict)
        and _has_weights(module)
    )
    lists = _outermost(
        name
        for name, module in modules.items()
        if isinstance(module, nn.ModuleList) and _has_weights(module) and not _PROJECTOR.search(name)
    )
    decoder = [name for name in lists if LANGUAGE.search(name)] or [name for name in lists if not VISION.search(name)]
    if not decoder:
        raise NotApplicable(f"{type(base).__name__} names no layers of a language model")
    projectors = [name for name in projectors if not any(name.startswith(f"{one}.") for one in lists)]
    tower = [name for name in lists if name not in decoder and not any(_within(name, one) for one in projectors)]
    parts = {
        TOWER: [layer for name in tower for layer in modules[name]],
        PROJECTOR: [modules[name] for name in projectors],
        DECODER: [layer for name in decoder for layer in modules[name]],
    }
    return {Layer(part, number): layer for part in PARTS for number, layer in enumerate(parts[part], 1)}


def _outermost(names: Iterable[str]) -> list[str]:
    outermost: list[str] = []
    for name in names:  # in the order of named_modules a module comes before its parts
        if not any(_within(name, one) for one in outermost):
            outermost.append(name)
    return outermost


def _within(name: str, other: str) -> bool:
    return name.startswith(f"{other}.")


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


@dataclass(frozen=True)
class Question:
    """A question with its right answer as tokens.

    Attributes:
        encoded: The prompt with its pictures.
        ids: The tokens of prompt and answer.
        first, last: Indices in `ids` of the first token of the answer's value and of the last one.
    """

    encoded: EncodedQuestion
    ids: tuple[int, ...]
    first: int
    last: int

    @property
    def predicting(self) -> slice:
        """The positions whose states predict the tokens of the value."""
        return slice(self.first - 1, self.last)


def question_of(processor: Any, encoded: EncodedQuestion, row: Mapping[str, Any]) -> Question:
    """Return a row and its own answer; its value is that of its keywords, or the answer if they are not in it."""
    answer = encoded.answers[0]
    ids = (*encoded.prompt.ids[: answer.start], *answer.ids)
    first, last = value_tokens(processor.tokenizer, answer.ids, keywords_of(row))
    return Question(encoded, ids, answer.start + first, answer.start + last)


def value_tokens(tokenizer: Any, ids: Sequence[int], keywords: Sequence[str]) -> tuple[int, int]:
    """Return the indices of the first and last of an answer's tokens that spell its keywords."""
    texts = [tokenizer.decode(list(ids[:count]), skip_special_tokens=True) for count in range(len(ids) + 1)]
    spans = [(at, at + len(word)) for word in keywords if (at := texts[-1].find(word)) >= 0]
    if not spans:
        return 0, max(0, len(ids) - 2)
    start, end = min(at for at, _ in spans), max(end for _, end in spans)
    inside = [index for index in range(len(ids)) if len(texts[index + 1]) > start and len(texts[index]) < end]
    return inside[0], inside[-1]


def value_logprob(model: Any, question: Question) -> float:
    """Return the mean log-probability of the value's tokens after the prompt and the answer's words before them."""
    inputs = model_inputs(
        model, [Prefix(question.encoded.prompt, question.encoded.prompt.ids, 0)], [list(question.ids)]
    )
    keep = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    keep[0, question.predicting] = True
    with torch.no_grad():
        logits, _ = forward_at(model, inputs, keep, use_cache=False)
    tokens = inputs["input_ids"][0, question.first : question.last + 1]
    return logits.float().log_softmax(-1).gather(-1, tokens[:, None]).mean().item()


@contextmanager
def recorded(layers: Mapping[Layer, nn.Module]) -> Iterator[States]:
    """Yield what gets the outputs of the layers while the model runs inside."""
    states: States = {}

    def hook(layer: Layer) -> Any:
        def record(module: nn.Module, arguments: Any, output: Any) -> None:
            states.setdefault(layer, []).append(_states(output).detach())

        return record

    with ExitStack() as stack:
        for layer, module in layers.items():
            stack.callback(module.register_forward_hook(hook(layer)).remove)
        yield states


@contextmanager
def replaced(module: nn.Module, states: Sequence[Tensor], question: Question | None) -> Iterator[None]:
    """Replace the output of a layer inside by states of another model, at each call in turn.

    Args:
        module: The layer.
        states: Its outputs in the other model.
        question: Only the positions that predict its value are replaced; None = all, as of pictures.
    """
    calls = iter(states)

    def replace(module: nn.Module, arguments: Any, output: Any) -> Any:
        own = _states(output)
        other = next(calls).to(own)
        if question is not None:
            at = own.shape[1] - len(question.ids)  # pictures without tokens in the sequence come before it
            positions = slice(question.predicting.start + at, question.predicting.stop + at)
            own = own.clone()
            own[:, positions] = other[:, positions]
            other = own
        if isinstance(output, Tensor):
            return other
        if isinstance(output, tuple):
            return (other, *output[1:])
        output[next(iter(output))] = other
        return output

    handle = module.register_forward_hook(replace, prepend=True)  # transformers' own hooks take hidden states
    try:
        yield
    finally:
        handle.remove()


def _states(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


def run_recorded(model: Any, layers: Mapping[Layer, nn.Module], question: Question) -> tuple[float, States]:
    """Return the log-probability of the value, and the outputs of the layers in this forward pass."""
    with recorded(layers) as states:
        value = value_logprob(model, question)
    return value, states
