"""Outputs of a frozen vision tower, computed once per picture and kept for the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache as cache_result
from typing import Any

import torch
import xxhash
from torch import Tensor
from transformers import CLIPVisionModel, LlavaModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from lethebench.contract.models import base_of, runs_as_defined

LIMIT_BYTES = 256 << 20
OPTIONS = {"return_dict", "output_hidden_states", "use_cache"}  # of a tower, that its features are kept for
FREE = {"_name_or_path", "transformers_version", "architectures"}
"""Fields of a config that do not change what a tower computes."""

_Features = dict[tuple[int, bytes], Tensor]


class FeatureCache:
    """Features by tower and picture; when it is full, those of other towers are dropped, then none are added.

    Args:
        limit_bytes: maximum size of the features, in bytes.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self._towers: dict[bytes, _Features] = {}

    def of_tower(self, digest: bytes) -> _Features:
        """Return the features under one tower's weights; this tower is then the last one to be dropped."""
        self._towers[digest] = self._towers.pop(digest, {})
        return self._towers[digest]

    def add(self, features: _Features, key: tuple[int, bytes], value: Tensor) -> None:
        """Add one picture's features to those of a tower, if they fit."""
        while self.used_bytes + value.nbytes > self.limit_bytes and len(self._towers) > 1:
            dropped = self._towers.pop(next(iter(self._towers)))
            self.used_bytes -= sum(feature.nbytes for feature in dropped.values())
        if self.used_bytes + value.nbytes <= self.limit_bytes:
            features[key] = value
            self.used_bytes += value.nbytes


_CACHE = FeatureCache()


@contextmanager
def cached_picture_features(model: Any, cache: FeatureCache = _CACHE) -> Iterator[None]:
    """Run a model's vision tower once per picture inside, where that cannot change a result.

    This holds for a LLaVA on a CPU whose CLIP tower has no dropout, no adapter, no hook, and no parameter to train
    where gradients are on; other models run as they are. Features are computed one picture at a time, so that their
    bits depend on the picture and the weights alone, not on the batch or on what is cached.

    Args:
        model: the model, PEFT-wrapped or not.
        cache: the features kept.
    """
    tower = _clip_tower(base_of(model))
    if tower is None:
        yield
        return
    run, trains = tower.forward, torch.is_grad_enabled()

    @cache_result
    def kept() -> _Features | None:
        """The features under the tower's weights, looked up when the first pictures come: text needs none."""
        del tower.forward
        try:
            return cache.of_tower(_weights_digest(tower)) if _is_plain(tower, trains) else None
        finally:
            tower.forward = forward

    def forward(pixel_values: Tensor, **options: Any) -> Any:
        layer: Any = options.get("output_hidden_states")
        features = None if type(layer) is not int or options.keys() - OPTIONS else kept()
        if features is None:
            return run(pixel_values, **options)
        outputs = []
        for picture in pixel_values:
            key = layer, xxhash.xxh3_128_digest(picture.contiguous().flatten().view(torch.uint8).numpy())
            value = features.get(key)
            if value is None:
                with torch.no_grad():
                    value = run(picture[None], **options).hidden_states[layer]
                cache.add(features, key, value)
            outputs.append(value)
        states: Any = {layer: torch.cat(outputs)}
        return BaseModelOutputWithPooling(hidden_states=states)

    tower.forward = forward
    try:
        yield
    finally:
        del tower.forward


def _clip_tower(base: Any) -> Any:
    """The CLIP tower of a LLaVA, unless it has a forward of its own or runs in mixed precision; else None."""
    model = getattr(base, "model", None)
    tower = getattr(model, "vision_tower", None)
    is_clip = type(model) is LlavaModel and type(tower) is CLIPVisionModel and "forward" not in vars(tower)
    return tower if is_clip and not torch.is_autocast_enabled("cpu") else None


def _is_plain(tower: Any, trains: bool) -> bool:
    """Whether a tower's outputs depend on a picture and fixed weights alone; `trains`: gradients are on."""
    parameters = list(tower.parameters())
    return (
        runs_as_defined(tower)
        and all(value.device.type == "cpu" for value in parameters)
        and not (trains and any(value.requires_grad for value in parameters))
        and not (tower.training and tower.config.attention_dropout)
    )


def _weights_digest(tower: Any) -> bytes:
    settings = {name: value for name, value in vars(tower.config).items() if name not in FREE}
    digest = xxhash.xxh3_128(repr(settings).encode())
    for name, value in (*tower.named_parameters(), *tower.named_buffers()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().contiguous().flatten().view(torch.uint8).numpy())
    return digest.digest()
