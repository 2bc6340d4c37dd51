"""MANU: pruning of neurons that matter for the forget set and not for the retain set; nothing is trained."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from lethebench.baselines.stage import Rows, Stage, UnlearnResult
from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator, RowEncoder, of_modality
from lethebench.baselines.trainer.weights import LANGUAGE, VISION, evaluating
from lethebench.contract.images import decode_image
from lethebench.contract.models import check_decoder_only, run_forward

# The output layer of an MLP: down_proj in Llama, Mistral and Qwen, fc2 in CLIP and SigLIP, linear_fc2 in Qwen's tower.
# Layers of those names outside an `mlp` belong to projectors, which are not pruned.
OUTPUTS = re.compile(r"\.mlp\.(down_proj|fc2|linear_fc2)$")
EPSILON = 1e-8
GRAY = (128, 128, 128)


@dataclass(frozen=True)
class MANUConfig:
    """Configuration class for [`MANU`].

    Parameters:
        share (`float`, *optional*, defaults to `0.03`):
            Share of all MLP neurons, language and vision, to prune, in (0, 1); 0.01 to 0.05 in the paper.
        most_rows (`int`, *optional*, defaults to `512`):
            Most picture rows of each set to run.
        batch_size (`int`, *optional*, defaults to `8`):
            Rows per forward pass.
    """

    share: float = 0.03
    most_rows: int = 512
    batch_size: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"share is {self.share}: MANU prunes a share of the neurons between 0 and 1")
        if self.most_rows < 1 or self.batch_size < 1:
            raise ValueError(f"most_rows is {self.most_rows} and batch_size {self.batch_size}: give at least 1 of each")


class Pruned(NamedTuple):
    """The pruned `neurons` (layer name -> indices) and the `total` count of neurons."""

    neurons: dict[str, list[int]]
    total: int


class MANU:
    """MANU: pruning of neurons that matter for the forget set and not for the retain set."""

    config_class = MANUConfig
    base_weights = True
    trains = False
    _paper = {
        "title": "Modality-Aware Neuron Pruning for Unlearning in Multimodal Large Language Models",
        "id": "2502.15910",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @misc{liu2025manu,
                title        = {{Modality-Aware Neuron Pruning for Unlearning in Multimodal Large Language Models}},
                author       = {Zheyuan Liu and Guangyao Dou and Xiangchi Yuan and others},
                year         = 2025,
                eprint       = {arXiv:2502.15910},
            }"""),
    }

    @classmethod
    def unlearn(cls, stage: Stage) -> UnlearnResult:
        """Prune the model."""
        config = cls.config_class(**stage.settings())
        pruned = manu_prune(
            stage.model, stage.processor, stage.forget, stage.retain, config=config, encoder=stage.encoder
        )
        facts = {"neurons_pruned": sum(map(len, pruned.neurons.values())), "neurons": pruned.total}
        return UnlearnResult(stage.model, stage.processor, steps=0, facts=facts)


def importances(with_picture: Tensor, without: Tensor) -> Tensor:
    """Return the four importances of MANU (Liu et al. 2025, arXiv 2502.15910) of one layer's neurons.

    With Zm and Zt the activations over the two versions of a set, and N the count above a threshold:

        absolute   |mean Zm - mean Zt| / (mean Zm + mean Zt + e)
        frequency  |Nm - Nt| / (Nm + Nt + e)
        variance   sqrt(Var Zm + Var Zt)
        rms        sqrt(sum (Zm - Zt)^2 / (sum Zm^2 + sum Zt^2 + e))

    The threshold is the layer's mean activation over both versions, this project's choice.

    Args:
        with_picture: (R, K) absolute activations of K neurons over R rows as they are, each the mean over its tokens.
        without: (R, K) the same without the content of the pictures.

    Returns:
        (4, K), >= 0.
    """
    threshold = (with_picture.mean() + without.mean()) / 2
    mean_m, mean_t = with_picture.mean(0), without.mean(0)
    count_m, count_t = ((part > threshold).sum(0).to(mean_m.dtype) for part in (with_picture, without))
    squares = with_picture.square().sum(0) + without.square().sum(0)
    return torch.stack(
        [
            (mean_m - mean_t).abs() / (mean_m + mean_t + EPSILON),
            (count_m - count_t).abs() / (count_m + count_t + EPSILON),
            (with_picture.var(0, correction=0) + without.var(0, correction=0)).sqrt(),
            ((with_picture - without).square().sum(0) / (squares + EPSILON)).sqrt(),
        ]
    )


def combined(parts: Tensor) -> Tensor:
    """Return I of each neuron: the mean of its four importances, each ranked within the layer and scaled to [0, 1].

    The paper does not say how to combine the four; this is the project's choice. Equal values share their mean rank.

    Args:
        parts: (4, K).

    Returns:
        (K,) in [0, 1].
    """
    below = (parts.unsqueeze(-1) > parts.unsqueeze(-2)).sum(-1)
    ties = (parts.unsqueeze(-1) == parts.unsqueeze(-2)).sum(-1) - 1
    return ((below + ties / 2) / max(1, parts.shape[-1] - 1)).mean(0)


def manu_prune(
    model: nn.Module,
    processor: Any,
    forget: Rows,
    retain: Rows | None,
    *,
    config: MANUConfig | None = None,
    encoder: RowEncoder | None = None,
) -> Pruned:
    """Zero the neurons with the highest I(forget) / (I(retain) + e), in place.

    A set's two versions are its picture rows as they are and the same rows without pictures; text never reaches the
    vision tower, for which the second version is a gray picture of the same size.

    Args:
        model: a vision-language model without adapters.
        processor: its processor.
        forget: QA rows to forget; rows without a picture say nothing about modality and are left out.
        retain: QA rows to keep, likewise.
        config: the settings.
        encoder: the processor's RowEncoder, to share its cache.

    Raises:
        ValueError: if a set has no picture rows, the model has an adapter, or it has no known MLP.
    """
    config = config or MANUConfig()
    if hasattr(model, "peft_config"):
        raise ValueError("MANU prunes the model's own neurons: merge the adapter first (`model.merge_and_unload()`)")
    check_decoder_only(model, "MANU")
    layers = {
        name: module
        for name, module in model.named_modules()
        if OUTPUTS.search(f".{name}") and (LANGUAGE.search(name) or VISION.search(name))
    }
    if not layers:
        raise ValueError(
            f"MANU found no MLP in {type(model).__name__}: it looks for layers named down_proj, fc2 or linear_fc2"
        )
    encoder = encoder or RowEncoder(processor)
    importance = {}
    for name, rows in (("forget", forget), ("retain", retain)):
        pictured = of_modality(rows, "image_text") if rows is not None else []
        if len(pictured) == 0:
            raise ValueError(f"MANU got no {name} row with a picture: it compares rows with and without their pictures")
        importance[name] = _set_importances(model, layers, encoder, pictured, config)
    scores = {name: importance["forget"][name] / (importance["retain"][name] + EPSILON) for name in layers}
    return prune(layers, scores, config.share)


def prune(layers: Mapping[str, nn.Linear], scores: Mapping[str, Tensor], share: float) -> Pruned:
    """Zero the outgoing weights of the share of neurons with the highest scores, over all layers together."""
    flat = torch.cat([scores[name] for name in layers])
    count = max(1, round(share * len(flat)))
    chosen = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    chosen[flat.topk(count).indices] = True
    pruned = {}
    with torch.no_grad():
        for name, neurons in zip(layers, chosen.split([len(scores[name]) for name in layers]), strict=True):
            pruned[name] = neurons.nonzero().flatten().tolist()
            layers[name].weight[:, neurons] = 0
    return Pruned({name: neurons for name, neurons in pruned.items() if neurons}, len(flat))


def _set_importances(
    model: nn.Module, layers: Mapping[str, nn.Linear], encoder: RowEncoder, rows: Rows, config: MANUConfig
) -> dict[str, Tensor]:
    indices = range(0, len(rows), -(-len(rows) // config.most_rows))  # evenly spread over the set
    with_picture: dict[str, list[Tensor]] = {name: [] for name in layers}
    without: dict[str, list[Tensor]] = {name: [] for name in layers}
    for start in range(0, len(indices), config.batch_size):
        batch = [rows[index] for index in indices[start : start + config.batch_size]]
        whole = _activations(model, layers, encoder, batch)
        text = _activations(model, layers, encoder, [{**row, "images": []} for row in batch])
        blank = _activations(model, layers, encoder, [{**row, "images": _blank(row)} for row in batch])
        for name in layers:
            with_picture[name].append(whole[name])
            without[name].append((blank if VISION.search(name) else text)[name])
    return {name: combined(importances(torch.cat(with_picture[name]), torch.cat(without[name]))) for name in layers}


def _blank(row: Mapping[str, Any]) -> list[Image.Image]:
    return [Image.new("RGB", decode_image(picture, row.get("id", "?")).size, GRAY) for picture in row["images"]]


def _activations(
    model: nn.Module, layers: Mapping[str, nn.Linear], encoder: RowEncoder, rows: Rows
) -> dict[str, Tensor]:
    """Layer -> (R, K) absolute activations, each row's mean over its tokens, in float32.

    A vision layer's first dimension counts pictures or tiles, so rows that may not have exactly one are run alone.
    """
    batch = AnswerCollator(encoder)(rows)
    if not _one_each(batch, rows):
        each = [_activations(model, layers, encoder, [row]) for row in rows]
        return {name: torch.cat([values[name] for values in each if name in values]) for name in each[0]}
    device = next(model.parameters()).device
    inputs = {name: value.to(device) for name, value in batch.items() if name not in (PICTURED, "labels")}
    with evaluating(model), _watched(layers) as activations:
        run_forward(model, inputs)
    mask = inputs["attention_mask"].bool()
    return {name: _row_means(name, value, mask) for name, value in activations.items()}


def _one_each(batch: Mapping[str, Tensor], rows: Rows) -> bool:
    pixels = batch.get("pixel_values")
    return len(rows) == 1 or pixels is None or (pixels.dim() == 4 and len(pixels) == len(rows))


def _row_means(name: str, value: Tensor, mask: Tensor) -> Tensor:
    value = value.float().abs()
    if VISION.search(name):
        return value.reshape(len(mask), -1, value.shape[-1]).mean(1)
    return (value * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


@contextmanager
def _watched(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    inputs_of: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: inputs_of.update({name: inputs[0].detach()}))
        for name, module in layers.items()
    ]
    try:
        yield inputs_of
    finally:
        for hook in hooks:
            hook.remove()
