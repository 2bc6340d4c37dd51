"""QA rows prepared for a model: tokens, processed pictures, and the texts to score for each row."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lethebench.contract.prompts import PromptCache
from lethebench.contract.tokens import EncodedQuestion, QuestionEncoder
from lethebench.evaluation.answers.greedy import default_length
from lethebench.evaluation.answers.row_scores import carried, keywords_of, label_names
from lethebench.evaluation.likelihood.prefix_sharing import RowPlan, plan_rows
from lethebench.evaluation.metrics.words import splits_word

CHUNK = 512
"""Rows whose pictures are in memory together."""
ANSWERS = 16_384
"""Candidates of rows that are prepared and scored together; of more, plans and scores take gigabytes."""


@dataclass(frozen=True)
class PreparedRow:
    """A row's carried columns and keywords, and the indices of its texts among those that are scored.

    Attributes:
        carried: the columns that its scores repeat.
        keywords: the words to look for in a generated answer.
        paraphrases, perturbed, candidates, options: indices of these texts.
        truth: index of the true candidate in `candidates`; -1 without candidates.
        correct: index of the right option in `options`; -1 without options.
    """

    carried: Mapping[str, Any]
    keywords: tuple[str, ...]
    paraphrases: tuple[int, ...]
    perturbed: tuple[int, ...]
    candidates: tuple[int, ...]
    truth: int
    options: tuple[int, ...] = ()
    correct: int = -1


@dataclass(frozen=True)
class PreparedRows:
    """Rows that are tokenized and whose pictures are processed; usable by any model with the same processor."""

    rows: tuple[PreparedRow, ...]
    encoded: tuple[EncodedQuestion, ...]
    max_new_tokens: int

    @cached_property
    def plans(self) -> list[RowPlan]:
        """What the rows share when they are scored, planned by the first model that scores them."""
        return plan_rows(self.encoded)

    @cached_property
    def ranking_plans(self) -> list[RowPlan]:
        """As `plans`, with candidates that are only ranked."""
        return plan_rows(self.encoded, ranks=True)

    def __len__(self) -> int:
        return len(self.rows)


def candidate_answers(
    answer: str, candidates: Sequence[str], *, row_id: str, keywords: Sequence[str] = ()
) -> tuple[list[str], int]:
    """Return the answer with its value replaced by each candidate, in order, and the index of the true one.

    The true value is the longest candidate that occurs in the answer as whole tokens, among those with every keyword
    if there are any: an answer about a person's friend names both.

    Raises:
        ValueError: if there are fewer than 2 candidates, two are equal, or none occurs in the answer.

    >>> candidate_answers("The blood type is O negative.", ["O", "O negative", "A positive"], row_id="r")
    (['The blood type is O.', 'The blood type is O negative.', 'The blood type is A positive.'], 1)
    """
    if len(candidates) < 2 or len(set(candidates)) < len(candidates):
        raise ValueError(f"{row_id}: candidates must be at least 2 and distinct, got {len(candidates)} values")
    matches = [
        (len(value), index, start) for index, value in enumerate(candidates) if (start := _find(answer, value)) >= 0
    ]
    if not matches:
        raise ValueError(f"{row_id}: the true answer {answer!r} holds none of its {len(candidates)} candidates")
    with_keywords = [match for match in matches if keywords and all(word in candidates[match[1]] for word in keywords)]
    length, truth, start = max(with_keywords or matches, key=lambda match: (match[0], -match[1]))
    before, after = answer[:start], answer[start + length :]
    return [before + value + after for value in candidates], truth


def _find(text: str, value: str) -> int:
    """The start of `value` in `text` with no part of a word joined to either end; -1 if there is none."""
    start = text.find(value) if value else -1
    while start >= 0:
        if not splits_word(text, start) and not splits_word(text, start + len(value)):
            return start
        start = text.find(value, start + 1)
    return -1


def prepare_rows(
    processor: Any,
    rows: Iterable[Mapping],
    *,
    candidates: Mapping[str, Sequence[str]] | None = None,
    split: str | None = None,
    prompts: PromptCache | None = None,
) -> PreparedRows:
    """Tokenize rows and process their pictures once, for any number of `evaluate_rows` with one processor.

    Args:
        processor: a vision-language processor with a chat template.
        rows: a `datasets.Dataset` or any iterable of mappings with the columns of question rows. Pictures are PIL
            images or, faster, undecoded (`Image(decode=False)`).
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        split: the rows' split; default: their own `split` column, else None.
        prompts: prompts of this processor that are kept beyond this call.

    Raises:
        ValueError: if there are no rows, an id occurs twice, an answer holds none of its candidates, or the right
            option is not one of a row's options.
    """
    names = label_names(rows)
    rows = rows if hasattr(rows, "features") else list(rows)
    check_ids(rows)
    encoder = QuestionEncoder(processor, prompts=prompts)
    prepared = []
    for row in rows:
        row_id = str(row["id"])
        options, correct = row.get("options") or (), row.get("correct", -1)
        if options and not (isinstance(correct, int) and 0 <= correct < len(options)):
            raise ValueError(f"{row_id}: the right option is {correct!r}: give an index from 0 to {len(options) - 1}")
        values = (candidates or {}).get(row["attribute"])
        answers: list[str] = []
        truth = -1
        if values is not None:
            keywords = row.get("keywords") or ()
            answers, truth = candidate_answers(row["answer"], values, row_id=row_id, keywords=keywords)
        index_of: dict[str, int] = {row["answer"]: 0}

        def indices(texts: Iterable[str], index_of: dict[str, int] = index_of) -> tuple[int, ...]:
            return tuple(index_of.setdefault(text, len(index_of)) for text in texts)

        prepared.append(
            PreparedRow(
                carried=carried(row, names, split),
                keywords=tuple(keywords_of(row)),
                paraphrases=indices(row.get("paraphrases") or ()),
                perturbed=indices(row.get("perturbed") or ()),
                candidates=indices(answers),
                truth=truth,
                options=indices(options),
                correct=correct,
            )
        )
        encoder.add(row, list(index_of))
    encoded = (
        replace(question, ranked=_only_ranked(row)) for question, row in zip(encoder.encoded(), prepared, strict=True)
    )
    length = generated_length(processor, rows)
    return PreparedRows(rows=tuple(prepared), encoded=tuple(encoded), max_new_tokens=length)


def _only_ranked(row: PreparedRow) -> tuple[int, ...]:
    """The candidates that are nothing else."""
    others = {0, *row.paraphrases, *row.perturbed, *row.options}
    return tuple(index for index in row.candidates if index not in others)


def row_batches(
    indices: Sequence[int], attributes: Sequence[str], candidates: Mapping[str, Sequence[str]], most: int | None = None
) -> Iterator[list[int]]:
    """Yield the indices in their order, in batches of at most `ANSWERS` candidates and of `most` rows.

    Args:
        indices: of rows.
        attributes: of all rows.
        candidates: attribute -> all its values.
        most: None for any number.
    """
    batch: list[int] = []
    answers = 0
    for index in indices:
        count = len(candidates.get(attributes[index], ()))
        if batch and (answers + count > ANSWERS or len(batch) == most):
            yield batch
            batch, answers = [], 0
        batch.append(index)
        answers += count
    if batch:
        yield batch


def generated_length(processor: Any, rows: Any) -> int:
    """Return the maximum length of a generated answer to these rows, in tokens."""
    return default_length(processor, column(rows, "answer"))


def column(rows: Any, name: str) -> list:
    """Return one column of a dataset or of a list of mappings, without decoding pictures."""
    return list(rows[name]) if hasattr(rows, "features") else [row[name] for row in rows]


def check_ids(rows: Any) -> None:
    """Raise a ValueError if there are no rows or an id occurs twice."""
    ids = column(rows, "id")
    if not ids:
        raise ValueError("there are no rows to evaluate")
    repeated = next((row_id for row_id, count in Counter(ids).items() if count > 1), None)
    if repeated is not None:
        raise ValueError(f"the row id {repeated!r} occurs twice")
