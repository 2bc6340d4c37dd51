"""One pass of a model over QA rows: what it generates and how likely it finds each row's right and wrong answers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lethebench.evaluation.chat import Encoded, Encoder
from lethebench.evaluation.generate import decode, default_length, end_tokens, generate_encoded
from lethebench.evaluation.ranks import exposure, exposure_normalised, exposure_rank
from lethebench.evaluation.scoring import Scored, score_encoded
from lethebench.evaluation.text import exact_match, keyword_match, normalised_tokens, rouge_l_parts
from lethebench.evaluation.truth import probability, truth_ratio

CHUNK = 512  # rows whose pictures are in memory together

# Columns of a row that its scores carry on, in order.
CARRIED = (
    "id",
    "profile_id",
    "task_id",
    "split",
    "role",
    "modality",
    "format",
    "attribute",
    "hops",
    "question",
    "answer",
)
SCORES = (
    "generated",
    "exact_match",
    "keyword_match",
    "rouge_l",
    "rouge_l_recall",
    "logprob",
    "num_tokens",
    "probability",
    "truth_ratio",
    "rank",
    "num_candidates",
    "exposure",
    "exposure_normalised",
)


@dataclass(frozen=True)
class PreparedRow:
    """A row's carried columns, keywords, and where its answers stand among the texts that are scored."""

    carried: Mapping[str, Any]
    keywords: tuple[str, ...]
    paraphrases: tuple[int, ...]
    perturbed: tuple[int, ...]
    candidates: tuple[int, ...]
    truth: int


@dataclass(frozen=True)
class PreparedRows:
    """Rows that are tokenised and whose pictures are processed; serves any model with the same processor."""

    rows: tuple[PreparedRow, ...]
    encoded: tuple[Encoded, ...]
    max_new_tokens: int

    def __len__(self) -> int:
        return len(self.rows)


def candidate_answers(answer: str, candidates: Sequence[str], *, row_id: str) -> tuple[list[str], int]:
    """The answer with its value replaced by each candidate, and which of them is the truth.

    The true value is the longest candidate that occurs in the answer as whole tokens.

    Args:
        answer: the row's answer.
        candidates: all values of the row's attribute, at least 2, the true one among them.
        row_id: for the error.

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
    length, truth, where = max(found, key=lambda item: (item[0], -item[1]))
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


def _names(rows: Any) -> dict[str, Callable[[int], str]]:
    features = getattr(rows, "features", None) or {}
    return {name: feature.int2str for name, feature in features.items() if hasattr(feature, "int2str")}


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
        ValueError: no row, an id that occurs twice, or a row whose answer holds none of its candidates.
    """
    names = _names(rows)
    rows = rows if hasattr(rows, "features") else list(rows)
    _check_ids(rows)
    encoder = Encoder(processor)
    prepared = []
    for row in rows:
        row_id = str(row["id"])
        carried = {name: row.get(name) for name in CARRIED}
        carried["split"] = split if split is not None else row.get("split")
        for name, to_name in names.items():
            if name in carried and isinstance(carried[name], int):
                carried[name] = to_name(carried[name])
        values = (candidates or {}).get(row["attribute"])
        filled, truth = candidate_answers(row["answer"], values, row_id=row_id) if values is not None else ([], -1)
        places: dict[str, int] = {row["answer"]: 0}

        def at(group: Iterable[str], places: dict[str, int] = places) -> tuple[int, ...]:
            return tuple(places.setdefault(text, len(places)) for text in group)

        keywords = [word for word in row.get("keywords") or () if normalised_tokens(word)]
        prepared.append(
            PreparedRow(
                carried=carried,
                keywords=tuple(keywords or [row["answer"]]),
                paraphrases=at(row.get("paraphrases") or ()),
                perturbed=at(row.get("perturbed") or ()),
                candidates=at(filled),
                truth=truth,
            )
        )
        encoder.add(row, list(places))
    length = default_length(processor, [row.carried["answer"] for row in prepared])
    return PreparedRows(rows=tuple(prepared), encoded=tuple(encoder.encoded()), max_new_tokens=length)


def _column(rows: Any, name: str) -> list:
    return list(rows[name]) if hasattr(rows, "features") else [row[name] for row in rows]


def _check_ids(rows: Any) -> None:
    ids = _column(rows, "id")
    if not ids:
        raise ValueError("there are no rows to evaluate")
    twice = next((row_id for row_id, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the row id {twice!r} occurs twice")


def evaluate_rows(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping] | PreparedRows,
    *,
    candidates: Mapping[str, Sequence[str]] | None = None,
    split: str | None = None,
    batch_size: int | None = None,
    max_new_tokens: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[dict]:
    """Generates and scores an answer for every row, with its paraphrases, perturbed answers and candidates.

    A scored text that is the model's most likely one token by token is what greedy decoding gives: it is not decoded again.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not.
        processor: its processor, with a chat template.
        rows: as in `prepare_rows`, or what it returned (then `candidates` and `split` were given there).
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        split: the rows' split; default: their own column.
        batch_size: at most so many sequences in one forward pass; batches also keep to a budget of tokens.
        max_new_tokens: where to stop an answer that does not end; default: the longest answer among the rows + 4.
        progress: called with the share of the work done, 0 .. 1.

    Returns:
        One dict per row, with `CARRIED` and `SCORES`: floats are float64; `truth_ratio` is None where a row has no
        perturbed answer, `rank`, `exposure`, `exposure_normalised` are None and `num_candidates` 0 where its attribute
        has no candidates.

    Raises:
        ValueError: as `prepare_rows`, or a log-probability that is not finite, with the row's id.
    """
    if isinstance(rows, PreparedRows):
        if candidates is not None or split is not None:
            raise ValueError("prepared rows hold their candidates and split: give those to prepare_rows")
        chunks, total, length = [rows], len(rows), rows.max_new_tokens
    else:
        rows = rows if hasattr(rows, "features") else list(rows)
        _check_ids(rows)
        chunks, total = _prepared_chunks(processor, rows, candidates, split), len(rows)
        length = default_length(processor, _column(rows, "answer"))
    results: list[dict] = []
    for chunk in chunks:

        def report(share: float, before: int = len(results), size: int = len(chunk)) -> None:
            if progress is not None:
                progress((before + share * size) / total)

        answers = sum(len(item.answers) for item in chunk.encoded)
        scores = score_encoded(
            model,
            chunk.encoded,
            batch_size=batch_size,
            progress=lambda done, report=report, answers=answers: report(0.8 * done / answers),
        )
        texts = _generated(model, processor, chunk, scores, batch_size, max_new_tokens or length, report)
        results += [_result(row, found, text) for row, found, text in zip(chunk.rows, scores, texts, strict=True)]
        report(1.0, len(results) - len(chunk))
    return results


def _prepared_chunks(processor: Any, rows: Any, candidates: Any, split: str | None) -> Iterator[PreparedRows]:
    for start in range(0, len(rows), CHUNK):
        stop = min(start + CHUNK, len(rows))
        part = rows.select(range(start, stop)) if hasattr(rows, "select") else rows[start:stop]
        yield prepare_rows(processor, part, candidates=candidates, split=split)


def _generated(
    model: Any,
    processor: Any,
    prepared: PreparedRows,
    scores: list[list[Scored]],
    batch_size: int | None,
    length: int,
    report: Callable[[float], None],
) -> list[str]:
    """Greedy answers: those that the scores already show, and the others by decoding."""
    end = end_tokens(model, processor)
    texts: list[str | None] = [None] * len(prepared)
    for number, (item, row) in enumerate(zip(prepared.encoded, scores, strict=True)):
        for answer, score in zip(item.answers, row, strict=True):
            ended = answer.ids[-1] in end and not set(answer.ids[:-1]) & set(end)
            if score.greedy and ended and answer.start == len(item.prompt.ids) and len(answer.ids) <= length:
                texts[number] = decode(processor, answer.ids[:-1])
                break
    open_rows = [number for number, text in enumerate(texts) if text is None]
    decoded = generate_encoded(
        model,
        processor,
        [prepared.encoded[number] for number in open_rows],
        max_new_tokens=length,
        batch_size=batch_size,
        progress=lambda done: report(0.8 + 0.2 * done / len(open_rows)),
    )
    for number, text in zip(open_rows, decoded, strict=True):
        texts[number] = text
    return texts  # type: ignore[return-value]


def _result(row: PreparedRow, found: list[Scored], generated: str) -> dict:
    for score in found:
        if not -float("inf") < score.logprob < float("inf"):
            raise ValueError(
                f"{row.carried['id']}: an answer has the log-probability {score.logprob}: are the weights finite?"
            )
    answer, own = row.carried["answer"], found[0]
    _, recall, f_measure = rouge_l_parts(generated, answer)
    pairs = [(score.logprob, score.num_tokens) for score in found]
    result = dict(row.carried)
    result |= {
        "generated": generated,
        "exact_match": exact_match(generated, answer),
        "keyword_match": keyword_match(generated, row.keywords),
        "rouge_l": f_measure,
        "rouge_l_recall": recall,
        "logprob": own.logprob,
        "num_tokens": own.num_tokens,
        "probability": probability(own.logprob, own.num_tokens),
        "truth_ratio": None,
        "rank": None,
        "num_candidates": len(row.candidates),
        "exposure": None,
        "exposure_normalised": None,
    }
    if row.perturbed:
        right = [pairs[place] for place in row.paraphrases]
        result["truth_ratio"] = truth_ratio([pairs[place] for place in row.perturbed], right, pairs[0])
    if row.candidates:
        values = [pairs[place][0] for place in row.candidates]
        result["rank"] = exposure_rank(values, row.truth)
        result["exposure"] = exposure(values, row.truth)
        result["exposure_normalised"] = exposure_normalised(values, row.truth)
    return result
