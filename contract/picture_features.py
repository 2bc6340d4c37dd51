"""Outputs of a frozen vision tower, computed once per picture and kept for the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import xxhash
from torch import Tensor
from transformers import CLIPVisionModel, LlavaModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

from lethebench.contract.models import base_of, runs_as_defined

LIMIT_BYTES = 256 << 20
OPTIONS = {"return_dict", "output_hidden_states", "use_cache"}  # of a tower, that its features are kept for

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
    tower = _plain_tower(base_of(model))
    if tower is None:
        yield
        return
    run, features = tower.forward, cache.of_tower(_weights_digest(tower))

    def forward(pixel_values: Tensor, **options: Any) -> Any:
        layer = options.get("output_hidden_states")
        if type(layer) is not int or options.keys() - OPTIONS:
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


def _plain_tower(base: Any) -> Any:
    """The vision tower of a LLaVA, if its outputs depend on a picture and fixed weights alone; else None."""
    model = getattr(base, "model", None)
    tower = getattr(model, "vision_tower", None)
    if type(model) is not LlavaModel or type(tower) is not CLIPVisionModel or torch.is_autocast_enabled("cpu"):
        return None
    parameters = list(tower.parameters())
    is_plain = (
        runs_as_defined(tower)
        and all(value.device.type == "cpu" for value in parameters)
        and not (torch.is_grad_enabled() and any(value.requires_grad for value in parameters))
        and not (tower.training and tower.config.attention_dropout)
    )
    return tower if is_plain else None


def _weights_digest(tower: Any) -> bytes:
    digest = xxhash.xxh3_128(tower.config.to_json_string().encode())
    for name, value in tower.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.contiguous().flatten().view(torch.uint8).numpy())
    return digest.digest()
