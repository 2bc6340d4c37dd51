"""Tokenized prompts, and a cache of them by text and pictures, so that a run makes each of them once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch

LIMIT_BYTES = 2 << 30


@dataclass(frozen=True)
class Prompt:
    """A tokenized prompt.

    Attributes:
        ids: token ids with the pictures' placeholders expanded, up to and with the generation prompt.
        per_token: other model inputs with one value per token (e.g. `mm_token_type_ids`), without the attention mask.
        per_row: model inputs that belong to the pictures (e.g. `pixel_values`), as the processor returns them.
        pictures: a digest of each picture; prompts with equal ones may share their forward pass.
        masks: other model inputs with several values per token (Mllama's `cross_attention_mask`), (L, ...) each; the
            values of an answer's tokens are those of the last token.
        joined: dimension along which inputs of `per_row` of several rows are joined, where it is not the first.
    """

    ids: tuple[int, ...]
    per_token: Mapping[str, tuple[int, ...]]
    per_row: Mapping[str, torch.Tensor]
    pictures: tuple[bytes, ...] = ()
    masks: Mapping[str, torch.Tensor] = field(default_factory=dict)
    joined: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> tuple:
        """Equal for prompts that fit into one batch: same inputs, same shapes, same small integer inputs (grids)."""
        pictures = tuple(
            (name, value.dtype, tuple(value.shape[1:]))
            + ((tuple(value.flatten().tolist()),) if not value.is_floating_point() and value.numel() <= 64 else ())
            for name, value in sorted(self.per_row.items())
        )
        return pictures + tuple((name, tuple(value.shape[1:])) for name, value in sorted(self.masks.items()))

    def masks_of(self, start: int, num_more: int) -> dict[str, torch.Tensor]:
        """Return `masks` of the first `start` tokens and of `num_more` tokens of an answer."""
        return {
            name: torch.cat([value[:start], value[-1:].expand(num_more, *value.shape[1:])])
            for name, value in self.masks.items()
        }


class PromptCache:
    """Prompts of one processor; equal pictures are stored once.

    Prompts with pictures are added until their tensors use `limit_bytes`; later ones are made again at each use, since
    evicting the oldest would never hit with rows visited in turn.

    Args:
        limit_bytes: maximum size of the picture tensors, in bytes.

    Attributes:
        pictures: digests of a prompt's pictures -> their tensors.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self.pictures: dict[tuple[bytes, ...], Mapping[str, torch.Tensor]] = {}
        self._prompts: dict[tuple[str, tuple[bytes, ...]], Prompt] = {}

    def get(self, text: str, pictures: tuple[bytes, ...]) -> Prompt | None:
        """Return the prompt of a rendered text and the digests of its pictures, None if it is not kept."""
        return self._prompts.get((text, pictures))

    def add(self, text: str, prompt: Prompt) -> Prompt:
        """Keep a prompt if it fits; return it, with the tensors of an earlier one about the same pictures."""
        if prompt.pictures:
            if prompt.pictures not in self.pictures:
                size = sum(tensor.nbytes for tensor in prompt.per_row.values())
                if self.used_bytes + size > self.limit_bytes:
                    return prompt
                self.used_bytes += size
                self.pictures[prompt.pictures] = prompt.per_row
            prompt = replace(prompt, per_row=_shared(prompt.per_row, self.pictures[prompt.pictures]))
        self._prompts[text, prompt.pictures] = prompt
        return prompt


def _shared(tensors: Mapping[str, torch.Tensor], others: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The other tensors where they are equal: InstructBLIP's also hold the question."""
    return {
        name: others[name] if name in others and torch.equal(others[name], value) else value
        for name, value in tensors.items()
    }
