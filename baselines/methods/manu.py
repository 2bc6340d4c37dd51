"""MANU: prunes the neurons that matter for the forget set and not for the retain set; nothing is trained."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from lethebench.baselines.trainer.reference import evaluating
from lethebench.baselines.trainer.rows import PICTURED, AnswerCollator, RowEncoder, of_modality
from lethebench.baselines.trainer.saliency import LANGUAGE
from lethebench.baselines.trainer.weights import VISION
from lethebench.contract.images import decode_image

# What leaves an MLP's neurons: Llama, Mistral and Qwen say down_proj, CLIP and SigLIP fc2, Qwen's tower linear_fc2.
# Layers of those names that are in no `mlp` belong to projectors, which are left alone.
OUTPUTS = re.compile(r"\.mlp\.(down_proj|fc2|linear_fc2)$")
EPSILON = 1e-8
GREY = (128, 128, 128)


@dataclass(frozen=True)
class MANUConfig:
    """Settings of MANU.

    Attributes:
        share: of all MLP neurons, language and vision, to prune, in (0, 1); 0.03 here, 0.01 to 0.05 in the paper.
        most_rows: at most so many picture rows of each set are run.
        batch_size: rows per forward pass.
    """

    share: float = 0.03
    most_rows: int = 512
    batch_size: int = 8

    def __post_init__(self):
        if not 0 < self.share < 1:
            raise ValueError(f"share is {self.share}: MANU prunes a share of the neurons between 0 and 1")
        if self.most_rows < 1 or self.batch_size < 1:
            raise ValueError(f"most_rows is {self.most_rows} and batch_size {self.batch_size}: give at least 1 of each")


class Pruned(NamedTuple):
    """What was pruned: layer name -> the neurons' numbers, and how many neurons there are in all."""

    neurons: dict[str, list[int]]
    total: int


def importances(with_picture: Tensor, without: Tensor) -> Tensor:
    """The four importances of MANU (Liu et al. 2025, arXiv 2502.15910) of one layer's neurons.

    With Zm and Zt the activations over the two versions of a set, and N how many lie above a threshold:

        absolute   |mean Zm - mean Zt| / (mean Zm + mean Zt + e)
        frequency  |Nm - Nt| / (Nm + Nt + e)
        variance   sqrt(Var Zm + Var Zt)
        rms        sqrt(sum (Zm - Zt)^2 / (sum Zm^2 + sum Zt^2 + e))

    The threshold is the layer's mean activation over both versions, this project's choice.

    Args:
        with_picture: (R, K) absolute activations of K neurons over R rows as they are, each the mean over its tokens.
        without: (R, K) the same without what the pictures show.

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
    """I of each neuron: the mean of its four importances, each ranked within the layer and scaled to [0, 1].

    The paper does not say how the four are joined; this is the project's choice. Equal values share their mean rank.

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
    processor,
    forget: Sequence[Mapping[str, Any]],
    retain: Sequence[Mapping[str, Any]],
    *,
    config: MANUConfig | None = None,
    encoder: RowEncoder | None = None,
) -> Pruned:
    """Zeroes the neurons with the highest I(forget) / (I(retain) + e), in place.

    A set's two versions are its picture rows as they are and the same without their pictures; since text never reaches
    the vision tower, there the second version is a grey picture of the same size.

    Args:
        model: a vision-language model without adapters.
        processor: its processor.
        forget: QA rows to forget; those without a picture say nothing about modality and are left out.
        retain: QA rows to keep, likewise.
        config: the settings.
        encoder: the processor's RowEncoder, to share its cache.

    Raises:
        ValueError: if a set has no picture rows, the model has an adapter, or no MLP is found.
    """
    config = config or MANUConfig()
    if hasattr(model, "peft_config"):
        raise ValueError("MANU prunes the model's own neurons: merge the adapter first (`model.merge_and_unload()`)")
    layers = {
        name: module
        for name, module in model.named_modules()
        if OUTPUTS.search(f".{name}") and (LANGUAGE.search(name) or VISION.search(name))
    }
    if not layers:
        raise ValueError(
            f"no MLP of {type(model).__name__} is known to MANU: it looks for layers such as down_proj, fc2"
        )
    encoder = encoder or RowEncoder(processor)
    found = {}
    for name, rows in (("forget", forget), ("retain", retain)):
        pictured = of_modality(rows, "image_text") if rows is not None else []
        if len(pictured) == 0:
            raise ValueError(f"MANU got no {name} row with a picture: it compares rows with and without their pictures")
        found[name] = _set_importances(model, layers, encoder, pictured, config)
    scores = {name: found["forget"][name] / (found["retain"][name] + EPSILON) for name in layers}
    return prune(layers, scores, config.share)


def prune(layers: Mapping[str, nn.Linear], scores: Mapping[str, Tensor], share: float) -> Pruned:
    """Zeroes the weights that leave the share of neurons with the highest scores, over all layers together."""
    flat = torch.cat([scores[name] for name in layers])
    count = max(1, round(share * len(flat)))
    chosen = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    chosen[flat.topk(count).indices] = True
    pruned = {}
    with torch.no_grad():
        for name, part in zip(layers, chosen.split([len(scores[name]) for name in layers]), strict=True):
            pruned[name] = part.nonzero().flatten().tolist()
            layers[name].weight[:, part] = 0
    return Pruned({name: neurons for name, neurons in pruned.items() if neurons}, len(flat))


def _set_importances(model, layers, encoder: RowEncoder, rows, config: MANUConfig) -> dict[str, Tensor]:
    places = range(0, len(rows), -(-len(rows) // config.most_rows))  # evenly spread over the set
    with_picture: dict[str, list[Tensor]] = {name: [] for name in layers}
    without: dict[str, list[Tensor]] = {name: [] for name in layers}
    for start in range(0, len(places), config.batch_size):
        part = [rows[place] for place in places[start : start + config.batch_size]]
        whole = _activations(model, layers, encoder, part)
        text = _activations(model, layers, encoder, [{**row, "images": []} for row in part])
        blank = _activations(model, layers, encoder, [{**row, "images": _blank(row)} for row in part])
        for name in layers:
            with_picture[name].append(whole[name])
            without[name].append((blank if VISION.search(name) else text)[name])
    return {name: combined(importances(torch.cat(with_picture[name]), torch.cat(without[name]))) for name in layers}


def _blank(row: Mapping[str, Any]) -> list[Image.Image]:
    return [Image.new("RGB", decode_image(picture, row.get("id", "?")).size, GREY) for picture in row["images"]]


def _activations(model, layers, encoder: RowEncoder, rows) -> dict[str, Tensor]:
    """Layer -> (R, K) absolute activations, each row's mean over its tokens, in float32.

    A vision layer's first dimension counts pictures or tiles, so rows that may have other than one are run alone.
    """
    batch = AnswerCollator(encoder)(rows)
    mask = batch["attention_mask"].bool()
    parts = [rows] if _one_each(batch, rows) else [[row] for row in rows]
    if len(parts) > 1:
        each = [_activations(model, layers, encoder, part) for part in parts]
        return {name: torch.cat([one[name] for one in each if name in one]) for name in each[0]}
    device = next(model.parameters()).device
    inputs = {k: v.to(device) for k, v in batch.items() if k not in (PICTURED, "labels")}
    with evaluating(model), _watched(layers) as seen:
        model(**inputs, use_cache=False, logits_to_keep=1)
    return {name: _row_means(name, value, mask.to(device)) for name, value in seen.items()}


def _one_each(batch: Mapping[str, Tensor], rows) -> bool:
    pixels = batch.get("pixel_values")
    return len(rows) == 1 or pixels is None or (pixels.dim() == 4 and len(pixels) == len(rows))


def _row_means(name: str, value: Tensor, mask: Tensor) -> Tensor:
    value = value.float().abs()
    if VISION.search(name):
        return value.reshape(len(mask), -1, value.shape[-1]).mean(1)
    return (value * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


@contextmanager
def _watched(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    seen: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: seen.__setitem__(name, inputs[0].detach()))
        for name, module in layers.items()
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
