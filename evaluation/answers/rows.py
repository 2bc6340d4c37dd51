"""One pass of a model over QA rows: what it generates and how likely it finds each row's right and wrong answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lethebench.evaluation.answers.greedy import decode, default_length, end_tokens, generate_encoded
from lethebench.evaluation.answers.prepare import PreparedRow, PreparedRows, check_ids, column, prepare_rows
from lethebench.evaluation.answers.row_scores import CARRIED, MEMBERSHIP, SCORES, compare
from lethebench.evaluation.likelihood.api import Score, score_encoded
from lethebench.evaluation.metrics.exposure import exposure, exposure_normalised, exposure_rank
from lethebench.evaluation.metrics.membership import membership_scores
from lethebench.evaluation.metrics.truth_ratio import probability, truth_ratio

__all__ = ["CARRIED", "MEMBERSHIP", "SCORES", "PreparedRows", "evaluate_rows", "prepare_rows"]

CHUNK = 512  # rows whose pictures are in memory together


def evaluate_rows(
    model: Any,
    processor: Any,
    rows: Iterable[Mapping] | PreparedRows,
    *,
    candidates: Mapping[str, Sequence[str]] | None = None,
    split: str | None = None,
    batch_size: int | None = None,
    max_new_tokens: int | None = None,
    membership: bool = False,
    progress: Callable[[float], None] | None = None,
) -> list[dict]:
    """Generates and scores an answer for every row, with its paraphrases, perturbed answers and candidates.

    A scored text that is the model's most likely one token by token is what greedy decoding gives, and stands for it.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not.
        processor: its processor, with a chat template.
        rows: as in `prepare_rows`, or what it returned (then `candidates` and `split` were given there).
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        split: the rows' split; default: their own column.
        batch_size: at most so many sequences in one forward pass; batches also keep to a budget of tokens.
        max_new_tokens: where to stop an answer that does not end; default: the longest answer among the rows + 4.
        membership: also give `MEMBERSHIP`, the membership scores of each row's own answer, from the same passes.
        progress: called with the share of the work done, 0 .. 1.

    Returns:
        One dict per row, with `CARRIED` and `SCORES`: floats are float64; `choice_match` is 1 where the right option of
        a multiple-choice row has the highest length-normalised probability (a tie is wrong), None for other rows;
        `truth_ratio` is None where a row has no perturbed answer, `rank`, `exposure`, `exposure_normalised` are None
        and `num_candidates` 0 where its attribute has no candidates.

    Raises:
        ValueError: as `prepare_rows`, or a log-probability that is not finite, with the row's id.
    """
    if isinstance(rows, PreparedRows):
        if candidates is not None or split is not None:
            raise ValueError("prepared rows hold their candidates and split: give those to prepare_rows")
        chunks, total, length = [rows], len(rows), rows.max_new_tokens
    else:
        rows = rows if hasattr(rows, "features") else list(rows)
        check_ids(rows)
        chunks, total = _prepared_chunks(processor, rows, candidates, split), len(rows)
        length = default_length(processor, column(rows, "answer"))
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
            statistics=membership,
            progress=lambda done, report=report, answers=answers: report(0.8 * done / answers),
        )
        texts = _generated(model, processor, chunk, scores, batch_size, max_new_tokens or length, report)
        for row, found, text in zip(chunk.rows, scores, texts, strict=True):
            results.append(_result(row, found, text) | (_membership(row, found[0]) if membership else {}))
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
    scores: list[list[Score]],
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


def _result(row: PreparedRow, found: list[Score], generated: str) -> dict:
    for score in found:
        if not -float("inf") < score.logprob < float("inf"):
            raise ValueError(
                f"{row.carried['id']}: an answer has the log-probability {score.logprob}: are the weights finite?"
            )
    own = found[0]
    pairs = [(score.logprob, score.num_tokens) for score in found]
    result = dict(row.carried) | compare(generated, row.carried["answer"], row.keywords)
    result |= {
        "choice_match": None,
        "logprob": own.logprob,
        "num_tokens": own.num_tokens,
        "probability": probability(own.logprob, own.num_tokens),
        "truth_ratio": None,
        "rank": None,
        "num_candidates": len(row.candidates),
        "exposure": None,
        "exposure_normalised": None,
    }
    if row.options:
        likely = [probability(*pairs[place]) for place in row.options]
        others = [value for at, value in enumerate(likely) if at != row.correct]
        result["choice_match"] = float(likely[row.correct] > max(others, default=0.0))
    if row.perturbed:
        right = [pairs[place] for place in row.paraphrases]
        result["truth_ratio"] = truth_ratio([pairs[place] for place in row.perturbed], right, pairs[0])
    if row.candidates:
        values = [pairs[place][0] for place in row.candidates]
        result["rank"] = exposure_rank(values, row.truth)
        result["exposure"] = exposure(values, row.truth)
        result["exposure_normalised"] = exposure_normalised(values, row.truth)
    return result


def _membership(row: PreparedRow, own: Score) -> dict[str, float]:
    tokens = own.tokens
    return membership_scores(tokens.logprob, row.carried["answer"], means=tokens.mean, deviations=tokens.std)
