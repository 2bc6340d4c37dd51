"""Prepared rows that are kept from one stage to the next, as long as the stages use them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lethebench.contract.prompts import PromptCache
from lethebench.contract.tokens import EncodedQuestion
from lethebench.evaluation.answers.prepare import (
    PreparedRow,
    PreparedRows,
    column,
    generated_length,
    prepare_rows,
    row_batches,
)


class KeptRows:
    """Prepares some rows of a table at a time, in batches; memory is that of the rows of one call and of a batch.

    Answers are generated up to the length of those of the whole table.

    Args:
        processor: a vision-language processor with a chat template.
        rows: a `datasets.Dataset` of question rows.
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        prompts: prompts of this processor that are kept for longer.
    """

    def __init__(
        self,
        processor: Any,
        rows: Any,
        candidates: Mapping[str, Sequence[str]],
        prompts: PromptCache | None = None,
    ) -> None:
        self._processor = processor
        self._rows = rows
        self._candidates = candidates
        self._prompts = prompts
        self._attributes = column(rows, "attribute")
        self._length = generated_length(processor, rows)
        self._kept: dict[int, tuple[PreparedRow, EncodedQuestion]] = {}

    def batches(self, indices: Sequence[int], *, keep: bool = False, most: int | None = None) -> Iterator[PreparedRows]:
        """Yield rows as `prepare_rows` prepares them; only those that are not kept are prepared now.

        Args:
            indices: of the rows, at least one.
            keep: keep these rows for the next call, and no others.
            most: maximum number of rows in a batch; None for no limit but that of candidates.
        """
        kept: dict[int, tuple[PreparedRow, EncodedQuestion]] = {}
        for batch in row_batches(indices, self._attributes, self._candidates, most):
            pairs = self._prepared(batch)
            if keep:
                kept |= zip(batch, pairs, strict=True)
            yield PreparedRows(tuple(row for row, _ in pairs), tuple(question for _, question in pairs), self._length)
        if keep:
            self._kept = kept

    def _prepared(self, indices: Sequence[int]) -> list[tuple[PreparedRow, EncodedQuestion]]:
        missing = [index for index in indices if index not in self._kept]
        new = {}
        if missing:
            rows = self._rows.select(missing)
            prepared = prepare_rows(self._processor, rows, candidates=self._candidates, prompts=self._prompts)
            new = dict(zip(missing, zip(prepared.rows, prepared.encoded, strict=True), strict=True))
        return [new.get(index) or self._kept[index] for index in indices]
