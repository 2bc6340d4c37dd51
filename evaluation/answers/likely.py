"""How likely generated answers are under another model, for fluency."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lethebench.evaluation.likelihood.api import score_answers


def answer_logprobs(
    model: Any, processor: Any, rows: Iterable[Mapping], texts: Sequence[str], *, batch_size: int | None = None
) -> list[float]:
    """Return the mean log-probability per token of a text as the answer to each row, its terminator included, in nats.

    For `fluent`: the answers of an unlearned model under the initial one, with `fluency_threshold` of the initial
    model's own answers under itself.

    Args:
        model: the reference, a model for image-text to text.
        processor: its processor, with a chat template.
        rows: mappings with `question` and `images`.
        texts: generated answers, one per row.
        batch_size: maximum number of sequences in one forward pass.
    """
    scores = score_answers(model, processor, rows, texts, batch_size=batch_size)
    return [score.logprob / score.num_tokens for score in scores]
