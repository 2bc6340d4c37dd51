"""Prepared rows that are kept from one stage to the next, as long as the stages use them."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.contract.tokens import EncodedQuestion
from lethebench.evaluation.answers.prepare import PreparedRow, PreparedRows, generated_length, prepare_rows


class KeptRows:
    """Prepares some rows of a table at a time; memory is that of the rows of one call.

    Answers are generated up to the length of those of the whole table.

    Args:
        processor: a vision-language processor with a chat template.
        rows: a `datasets.Dataset` of question rows.
    """

    def __init__(self, processor: Any, rows: Any) -> None:
        self._processor = processor
        self._rows = rows
        self._length = generated_length(processor, rows)
        self._kept: dict[int, tuple[PreparedRow, EncodedQuestion]] = {}

    def prepared(self, indices: Sequence[int], candidates: Mapping[str, Sequence[str]]) -> PreparedRows:
        """Return rows as `prepare_rows` does; only those that the last call did not use are prepared now.

        Args:
            indices: of the rows, at least one.
            candidates: attribute -> all its values, the same in every call.
        """
        missing = [index for index in indices if index not in self._kept]
        kept = {index: self._kept[index] for index in indices if index in self._kept}
        if missing:
            new = prepare_rows(self._processor, self._rows.select(missing), candidates=candidates)
            kept |= dict(zip(missing, zip(new.rows, new.encoded, strict=True), strict=True))
        self._kept = kept
        pairs = [kept[index] for index in indices]
        return PreparedRows(tuple(row for row, _ in pairs), tuple(question for _, question in pairs), self._length)
