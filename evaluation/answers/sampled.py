"""Answers sampled from the model's own distribution, seeded row by row."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

from lethebench.contract.tokens import EncodedQuestion, encode
from lethebench.evaluation.answers.greedy import default_length, generate_encoded

SMALLEST_WAIT = 2.0**-24  # resolution of a float32 draw; at 0 the noise would be infinite


class GumbelNoise(LogitsProcessor):
    """Turns the likeliest token into a sample: logits / temperature plus Gumbel noise, with a generator for each row.

    Source: Maddison, Tarlow and Minka, "A* Sampling", 2014 (the Gumbel-max trick).
    """

    def __init__(self, seeds: Sequence[int], temperature: float = 1.0) -> None:
        self._seeds = seeds
        self._temperature = temperature
        self._generators: list[torch.Generator] | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape (rows, vocabulary), with noise."""
        if self._generators is None:
            self._generators = [torch.Generator(scores.device).manual_seed(seed) for seed in self._seeds]
        noisy = scores.float() / self._temperature
        for row, generator in zip(noisy, self._generators, strict=True):
            waits = torch.empty_like(row).exponential_(generator=generator).clamp_(min=SMALLEST_WAIT)
            row -= waits.log_()
        return noisy


def sample_encoded(
    model: Any,
    processor: Any,
    encoded: Sequence[EncodedQuestion],
    *,
    samples: int,
    max_new_tokens: int,
    temperature: float = 1.0,
    seed: int = 0,
    batch_size: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[list[str]]:
    """Sample answers to rows that `lethebench.contract.tokens.encode` tokenized; otherwise as `sampled_answers`.

    `progress` is called with the number of answers so far.
    """
    if samples < 1 or not temperature > 0:
        raise ValueError(f"{samples} samples at temperature {temperature}: give at least 1 and a number above 0")

    def noise(batch: Sequence[int]) -> LogitsProcessor:
        names = [(encoded[index // samples].name, index % samples) for index in batch]
        return GumbelNoise([row_seed(seed, name, number) for name, number in names], temperature)

    texts = generate_encoded(
        model,
        processor,
        [question for question in encoded for _ in range(samples)],
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        noise=noise,
        progress=progress,
    )
    return [texts[start : start + samples] for start in range(0, len(texts), samples)]


def row_seed(seed: int, name: str, number: int) -> int:
    """Return the seed of one sample of a row, below 2^63."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}/{number}".encode()).digest()[:8], "big") >> 1


def sampled_answers(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping],
    *,
    samples: int,
    temperature: float = 1.0,
    seed: int = 0,
    max_new_tokens: int | None = None,
    batch_size: int | None = None,
) -> list[list[str]]:
    """Sample answers from the model's whole distribution, without top-k or top-p, for leak@k.

    Args:
        model: a model for image-text to text; in eval mode during the call.
        processor: its processor, with a chat template.
        rows: mappings with `question`, `images`, unless `max_new_tokens` is given `answer`, and best an `id`: a row's
            samples depend on the seed, its id (without one its position) and its own logits, not on its batch.
        samples: number of answers to each question, at least 1.
        temperature: above 0.
        seed: of the samples, which are the same on the same device and library versions.
        max_new_tokens: maximum length of an answer in tokens; default: `default_length` of the rows' answers.
        batch_size: maximum number of prompts in one batch.

    Returns:
        One list of `samples` texts per row, without special tokens and outer white space.
    """
    rows = list(rows)
    length = max_new_tokens or default_length(processor, [row["answer"] for row in rows])
    return sample_encoded(
        model,
        processor,
        encode(processor, rows, [[] for _ in rows]),
        samples=samples,
        max_new_tokens=length,
        temperature=temperature,
        seed=seed,
        batch_size=batch_size,
    )
