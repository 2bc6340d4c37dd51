"""Sample answers: does any of k give the fact away?"""

from collections.abc import Iterator, Sequence
from typing import Any

from datasets import Dataset

from lethebench.attacks.context import Attempt, Context
from lethebench.baselines.loading import Loaded
from lethebench.evaluation.answers.row_scores import keyword_or_exact_match, keywords_of
from lethebench.evaluation.answers.sampled import sample_encoded
from lethebench.evaluation.metrics.leak import leak_at_k

TEMPERATURES = (1.0, 0.7)
REPORTED = (1, 8, 32, 128)


class Sample:
    """Sample answers at temperatures 1 and 0.7; knowledge is leak@k, for k = 1, 8, 32, 128 up to the budget.

    Source: Reisizadeh et al., "Leak@k", arXiv 2511.04934.
    """

    def run(self, loaded: Loaded, rows: Dataset, context: Context) -> Iterator[Attempt]:
        """Yield leak@k of each row, one attempt per temperature and k."""
        prepared, samples = context.prepare(loaded, rows, "none"), context.budget.samples
        for temperature in TEMPERATURES:

            def answer(model: Any, indices: Sequence[int], temperature: float = temperature) -> list[list[str]]:
                return sample_encoded(
                    model,
                    loaded.processor,
                    [prepared.encoded[index] for index in indices],
                    samples=samples,
                    max_new_tokens=prepared.max_new_tokens,
                    temperature=temperature,
                    seed=context.seed,
                )

            texts = context.by_part(loaded, rows, answer)
            leaks = [_leaks(row, own) for row, own in zip(rows.remove_columns("images"), texts, strict=True)]
            for k in (k for k in REPORTED if k <= samples):
                scores = [
                    {"id": row_id, "leaks": count, "num_samples": samples, "knowledge": leak_at_k(samples, count, k)}
                    for row_id, count in zip(rows["id"], leaks, strict=True)
                ]
                yield Attempt(f"temperature {temperature:g}, k = {k}", scores)


def _leaks(row: dict[str, Any], texts: Sequence[str]) -> int:
    keywords = keywords_of(row)
    return sum(keyword_or_exact_match(text, row["answer"], keywords) == 1.0 for text in texts)
