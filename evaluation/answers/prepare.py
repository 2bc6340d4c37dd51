"""QA rows made ready for a model: tokens, processed pictures, and which texts are to be scored for each row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lethebench.contract.tokens import EncodedQuestion, QuestionEncoder
from lethebench.evaluation.answers.greedy import default_length
from lethebench.evaluation.answers.row_scores import carried, keywords_of, label_names


@dataclass(frozen=True)
class PreparedRow:
    """A row's carried columns, keywords, and where its answers stand among the texts that are scored."""

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
    """Rows that are tokenised and whose pictures are processed; serves any model with the same processor."""

    rows: tuple[PreparedRow, ...]
    encoded: tuple[EncodedQuestion, ...]
    max_new_tokens: int

    def __len__(self) -> int:
        return len(self.rows)


def candidate_answers(
    answer: str, candidates: Sequence[str], *, row_id: str, keywords: Sequence[str] = ()
) -> tuple[list[str], int]:
    """The answer with its value replaced by each candidate, and which of them is the truth.

    The true value is the longest candidate that occurs in the answer as whole tokens; where some of those hold every
    keyword, one of them: an answer about somebody's friend names both.

    Args:
        answer: the row's answer.
        candidates: all values of the row's attribute, at least 2, the true one among them.
        row_id: for the error.
        keywords: the parts of the true value that carry the fact, where they are known.

    Returns:
        One full answer per candidate, in order, and the index of the true one.

    Raises:
        ValueError: fewer than 2 candidates, one of them twice, or none occurs in the answer.

    >>> candidate_answers("The blood type is O negative.", ["O", "O negative", "A positive"], row_id="r")
    (['The blood type is O.', 'The blood type is O negative.', 'The blood type is A positive.'], 1)
    """
    if len(candidates) < 2 or len(set(candidates)) < len(candidates):
        raise ValueError(f"{row_id}: candidates must be at least 2 and distinct, got {len(candidates)} values")
    found = [(len(value), at, where) for at, value in enumerate(candidates) if (where := _find(answer, value)) >= 0]
    if not found:
        raise ValueError(f"{row_id}: the true answer {answer!r} holds none of its {len(candidates)} candidates")
    told = [item for item in found if keywords and all(word in candidates[item[1]] for word in keywords)]
    length, truth, where = max(told or found, key=lambda item: (item[0], -item[1]))
    before, after = answer[:where], answer[where + length :]
    return [before + value + after for value in candidates], truth


def _find(text: str, value: str) -> int:
    """Where `value` stands in `text` with no letter or digit joined to either end; -1 where it does not."""
    at = text.find(value) if value else -1
    while at >= 0:
        end = at + len(value)
        joined = (at > 0 and text[at - 1].isalnum() and value[0].isalnum()) or (
            end < len(text) and text[end].isalnum() and value[-1].isalnum()
        )
        if not joined:
            return at
        at = text.find(value, at + 1)
    return -1


def prepare_rows(
    processor: Any,
    rows: Iterable[Mapping],
    *,
    candidates: Mapping[str, Sequence[str]] | None = None,
    split: str | None = None,
) -> PreparedRows:
    """Tokenises rows and processes their pictures once, for any number of `evaluate_rows` with one processor.

    Args:
        processor: a vision-language processor with a chat template.
        rows: a `datasets.Dataset` or any iterable of mappings with the columns of the data contract. Pictures are PIL
            images or, faster, undecoded (`Image(decode=False)`).
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        split: the rows' split; default: their own `split` column, else None.

    Raises:
        ValueError: no row, an id that occurs twice, or a row whose answer holds none of its candidates or whose right
            option is none of its options.
    """
    names = label_names(rows)
    rows = rows if hasattr(rows, "features") else list(rows)
    check_ids(rows)
    encoder = QuestionEncoder(processor)
    prepared = []
    for row in rows:
        row_id = str(row["id"])
        values = (candidates or {}).get(row["attribute"])
        filled, truth = [], -1
        options, correct = row.get("options") or (), row.get("correct", -1)
        if options and not (isinstance(correct, int) and 0 <= correct < len(options)):
            raise ValueError(f"{row_id}: the right option is {correct!r}, and there are {len(options)} from 0 on")
        if values is not None:
            told = row.get("keywords") or ()
            filled, truth = candidate_answers(row["answer"], values, row_id=row_id, keywords=told)
        places: dict[str, int] = {row["answer"]: 0}

        def at(group: Iterable[str], places: dict[str, int] = places) -> tuple[int, ...]:
            return tuple(places.setdefault(text, len(places)) for text in group)

        prepared.append(
            PreparedRow(
                carried=carried(row, names, split),
                keywords=tuple(keywords_of(row)),
                paraphrases=at(row.get("paraphrases") or ()),
                perturbed=at(row.get("perturbed") or ()),
                candidates=at(filled),
                truth=truth,
                options=at(options),
                correct=correct,
            )
        )
        encoder.add(row, list(places))
    length = default_length(processor, [row.carried["answer"] for row in prepared])
    return PreparedRows(rows=tuple(prepared), encoded=tuple(encoder.encoded()), max_new_tokens=length)


def column(rows: Any, name: str) -> list:
    """One column of a dataset or of a list of mappings, without touching the pictures."""
    return list(rows[name]) if hasattr(rows, "features") else [row[name] for row in rows]


def check_ids(rows: Any) -> None:
    """Raises a ValueError where there is no row or an id occurs twice."""
    ids = column(rows, "id")
    if not ids:
        raise ValueError("there are no rows to evaluate")
    twice = next((row_id for row_id, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the row id {twice!r} occurs twice")
