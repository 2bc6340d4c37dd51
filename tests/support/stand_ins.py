"""Processors in the place of those that need torchvision: noise for pictures, in the shapes that the model takes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import torch
import transformers as tf
from small_processors import words
from tiny_models import TEMPLATE
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

HAS_LIBRARY = find_spec("torchvision") is not None
Pictures = Callable[[Sequence[int]], dict[str, torch.Tensor]]
"""Seeds of pictures -> model inputs."""


def _noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def square(size: int, name: str = "pixel_values", **more: Any) -> Pictures:
    """Pictures of (3, size, size); `more` are one value of other inputs, for each picture."""

    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        values = {key: torch.tensor([value] * len(seeds)) for key, value in more.items()}
        return {name: torch.stack([_noise(seed, 3, size, size) for seed in seeds]), **values}

    return pictures


def patches(height: int, width: int, *shape: int, grid: str = "image_grid_thw") -> Pictures:
    """Height times width patches of a shape for each picture, and their grid."""

    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        values = torch.cat([_noise(seed, height * width, *shape) for seed in seeds])
        size = [height, width] if grid.endswith("_hw") else [1, height, width]
        return {"pixel_values": values, grid: torch.tensor([size] * len(seeds))}

    return pictures


def strip(size: int, patch: int) -> Pictures:
    """All patches in one strip (MiniCPM)."""
    side = size // patch

    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        values = torch.cat([_noise(seed, 1, 3, patch, patch * side * side) for seed in seeds], dim=-1)
        return {"pixel_values": values, "target_sizes": torch.tensor([[side, side]] * len(seeds), dtype=torch.int32)}

    return pictures


def padded(num_patches: int, *shape: int, **more: Any) -> Pictures:
    """(pictures, patches, ...) and one value of other inputs for each picture."""

    def pictures(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
        values = {key: torch.tensor([value] * len(seeds)) for key, value in more.items()}
        return {"pixel_values": torch.stack([_noise(seed, num_patches, *shape) for seed in seeds]), **values}

    return pictures


def numbered(seeds: Sequence[int]) -> dict[str, torch.Tensor]:
    """Four patches for each picture and the numbers of those that each token pools, in all pictures (Molmo2)."""
    values = torch.stack([_noise(seed, 4, PATCH) for seed in seeds])
    grids = torch.tensor([[1, 2, 1, 2]] * len(seeds))
    return {
        "pixel_values": values, "image_token_pooling": torch.arange(4 * len(seeds))[:, None], "image_grids": grids,
        "image_num_crops": torch.ones(len(seeds), dtype=torch.long),
    }  # fmt: skip


PATCH = 3 * 14 * 14
POSITIONS = [[x, y] for y in range(2) for x in range(2)]
STAND_INS: dict[str, tuple[Pictures, int]] = {
    "cohere2_vision": (square(56), 4),
    "fuyu": (padded(4, 3 * 30 * 30), 4),
    "gemma4_unified": (padded(4, 3 * 48 * 48, image_position_ids=POSITIONS), 4),
    "inkling2": (patches(2, 2, 28, 28, 3), 4),
    "inkling_mm_model": (padded(2, 40, 40, 3), 1),
    "kimi_k25": (patches(2, 4, 3, 14, 14), 2),
    "lfm2_vl": (padded(16, PATCH, spatial_shapes=[4, 4], pixel_attention_mask=[1] * 16), 4),
    "llama4": (square(56), 4),
    "minicpm_ocr": (strip(56, 14), 4),
    "minimax_m3_vl": (patches(2, 4, 2 * PATCH), 2),
    "mistral3": (square(56, image_sizes=[56, 56]), 4),
    "mistral_large4": (square(56, image_sizes=[56, 56]), 4),
    "molmo2": (numbered, 4),
    "muse_glimmer": (patches(2, 4, 2 * PATCH), 2),
    "muse_spark": (patches(2, 4, 2 * PATCH), 2),
    "nemotron_h_omni": (patches(2, 4, PATCH, grid="image_grid_hw"), 2),
    "step3p7": (square(56), 1),
    "unlimited_ocr": (square(64), 3),
}
"""Model type -> pictures and the number of tokens of one."""


class StandIn(tf.ProcessorMixin):
    """A processor with no image processor, as much of one as rows need."""

    def __init__(self, pictures: Pictures, num_tokens: int) -> None:
        self.tokenizer = words()
        self.chat_template = TEMPLATE
        self.pictures, self.num_tokens = pictures, num_tokens

    @property
    def model_input_names(self) -> list[str]:
        return ["input_ids", "attention_mask", "pixel_values"]

    def __call__(self, text: Sequence[str], images: Any = None, **options: Any) -> Mapping[str, torch.Tensor]:
        texts = [one.replace("<image>", "<image>" * self.num_tokens) for one in text]
        inputs = dict(self.tokenizer(texts, **options))
        seeds = [
            int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=4).digest())
            for row in images or ()
            for image in (row if isinstance(row, list) else [row])
        ]
        return inputs | (self.pictures(seeds) if seeds else {})


def stand_in(model_type: str) -> StandIn:
    """The processor in the place of that type's own; placeholders are `<image>`, which every config names."""
    kind = type(PROCESSOR_MAPPING_NAMES[model_type], (StandIn,), {})
    return kind(*STAND_INS[model_type])
