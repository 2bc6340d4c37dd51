"""One pass of a model over QA rows: its greedy answers and the likelihoods of right and wrong answers."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from lethebench.contract.errors import UserError
from lethebench.evaluation.answers.choice import NOT_FINITE
from lethebench.evaluation.answers.greedy import decode, default_length, end_tokens, generate_encoded
from lethebench.evaluation.answers.prepare import (
    CHUNK,
    PreparedRow,
    PreparedRows,
    check_ids,
    column,
    prepare_rows,
    row_batches,
)
from lethebench.evaluation.answers.row_scores import (
    CARRIED_COLUMNS,
    MEMBERSHIP_COLUMNS,
    SAMPLE_COLUMNS,
    SCORE_COLUMNS,
    compare,
    keyword_or_exact_match,
)
from lethebench.evaluation.answers.sampled import sample_encoded
from lethebench.evaluation.answers.vllm_engine import Texts
from lethebench.evaluation.likelihood.api import Score, TokenStatistics, score_encoded
from lethebench.evaluation.metrics.exposure import exposure, exposure_normalised, exposure_rank
from lethebench.evaluation.metrics.extraction import exact_memorization, extraction_strength
from lethebench.evaluation.metrics.membership import membership_scores
from lethebench.evaluation.metrics.truth_ratio import answer_probability, option_probability, probability, truth_ratio

__all__ = [
    "CARRIED_COLUMNS",
    "MEMBERSHIP_COLUMNS",
    "SAMPLE_COLUMNS",
    "SCORE_COLUMNS",
    "PreparedRows",
    "evaluate_rows",
    "prepare_rows",
]


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
    samples: int = 0,
    seed: int = 0,
    refusals: Collection[str] = (),
    bound_candidates: bool = False,
    texts: Mapping[str, Texts] | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[dict]:
    """Generate and score an answer for every row, with its paraphrases, perturbed answers and candidates.

    A scored text whose tokens are all the model's most likely ones is the greedy answer, and is not generated again.

    Args:
        model: a model for image-text to text, PEFT-wrapped or not.
        processor: its processor, with a chat template.
        rows: as in `prepare_rows`, or its result (which has `candidates` and `split` already).
        candidates: attribute -> all its values; rows of other attributes get no exposure.
        split: the rows' split; default: their own column.
        batch_size: maximum number of sequences in one forward pass; a budget of tokens limits batches too.
        max_new_tokens: maximum length of a generated answer; default: `default_length` of the rows' answers.
        membership: also return `MEMBERSHIP_COLUMNS`, the scores of each row's own answer, from the same passes.
        samples: also return `SAMPLE_COLUMNS` of this many answers to each question, sampled at temperature 1.
        seed: of the samples; a row's samples do not depend on the other rows.
        refusals: answers that count as refusals in `answer_kind` besides the English patterns.
        bound_candidates: score a candidate only until it cannot reach the true one any more, where all such candidates
            of a row hold at most 0.005 of the probability of its candidates. Ranks and exposure stay exact, and these
            candidates get a bound as `candidate_logprobs`. Ignored with `membership`.
        texts: row id -> answers that another engine generated, in place of generating any.
        progress: called with the share of the work done, in [0, 1].

    Returns:
        One dict per row, with `CARRIED_COLUMNS` and `SCORE_COLUMNS`; floats are float64. `answer_kind` is one of right,
        wrong, refusal and invalid. `exact_memorization` and `extraction_strength` are of the answer without its
        terminator. `option_probability` is that of the right option or, without options, of the right answer among the
        perturbed ones, each compared with the paraphrase in its form; None without either. `choice_match` is 1 if the
        right option of a multiple-choice row has the highest length-normalized probability (a tie is wrong), None for
        other rows; `truth_ratio` is None for a row without perturbed answers; `rank`, `exposure`,
        `exposure_normalised`, `candidate_logprobs` are None and `num_candidates` 0 if its attribute has no candidates;
        `candidate_logprobs` are in the order of the attribute's candidates.

    Raises:
        ValueError: as `prepare_rows`, or if a log-probability is not finite; names the row.
    """
    chunks: Iterable[PreparedRows]
    if isinstance(rows, PreparedRows):
        if candidates is not None or split is not None:
            raise ValueError("prepared rows have their candidates and split: pass those to prepare_rows")
        chunks, total, length = [rows], len(rows), rows.max_new_tokens
    else:
        table: Any = rows if hasattr(rows, "features") else list(rows)
        check_ids(table)
        chunks, total = _prepared_chunks(processor, table, candidates, split), len(table)
        length = default_length(processor, column(table, "answer"))
    results: list[dict] = []
    for chunk in chunks:

        def report(share: float, before: int = len(results), size: int = len(chunk)) -> None:
            if progress is not None:
                progress((before + share * size) / total)

        num_answers = sum(len(question.answers) for question in chunk.encoded)
        scores = score_encoded(
            model,
            chunk.encoded,
            plans=chunk.ranking_plans if bound_candidates and not membership else chunk.plans,
            batch_size=batch_size,
            statistics=membership,
            progress=lambda done, report=report, total=num_answers: report(0.8 * done / total),  # type: ignore[misc]
        )
        if texts is not None:
            of_rows = [texts[str(row.carried["id"])] for row in chunk.rows]
            answers, drawn = [one.answer for one in of_rows], [list(one.samples) for one in of_rows]
        else:
            answers = _generated(model, processor, chunk, scores, batch_size, max_new_tokens or length, report)
            drawn = _drawn(model, processor, chunk, samples, seed, batch_size, max_new_tokens or length)
        for row, row_scores, text, count in zip(chunk.rows, scores, answers, _leaks(chunk, drawn), strict=True):
            result = _result(row, row_scores, text, refusals)
            if membership:
                result |= _membership(row, row_scores[0])
            results.append(result | {"num_samples": samples, "leaks": count} if samples else result)
        report(1.0, len(results) - len(chunk))
    return results


def _prepared_chunks(processor: Any, rows: Any, candidates: Any, split: str | None) -> Iterator[PreparedRows]:
    for batch in row_batches(range(len(rows)), column(rows, "attribute"), candidates or {}, CHUNK):
        part = rows.select(batch) if hasattr(rows, "select") else [rows[index] for index in batch]
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
    """Greedy answers: from the scores where they show them, else generated."""
    end = end_tokens(model, processor)
    texts: list[str | None] = [None] * len(prepared)
    for index, (question, row) in enumerate(zip(prepared.encoded, scores, strict=True)):
        for answer, score in zip(question.answers, row, strict=True):
            ended = answer.ids[-1] in end and not set(answer.ids[:-1]) & set(end)
            if score.greedy and ended and answer.start == len(question.prompt.ids) and len(answer.ids) <= length:
                texts[index] = decode(processor, answer.ids[:-1])
                break
    missing = [index for index, text in enumerate(texts) if text is None]
    generated = generate_encoded(
        model,
        processor,
        [prepared.encoded[index] for index in missing],
        max_new_tokens=length,
        batch_size=batch_size,
        progress=lambda done: report(0.8 + 0.2 * done / len(missing)),
    )
    for index, text in zip(missing, generated, strict=True):
        texts[index] = text
    return cast(list[str], texts)


def _drawn(
    model: Any, processor: Any, prepared: PreparedRows, samples: int, seed: int, batch_size: int | None, length: int
) -> list[list[str]]:
    """Sampled answers to each question; none without `samples`."""
    if not samples:
        return [[] for _ in prepared.rows]
    return sample_encoded(
        model,
        processor,
        prepared.encoded,
        samples=samples,
        seed=seed,
        max_new_tokens=length,
        batch_size=batch_size,
    )


def _leaks(prepared: PreparedRows, drawn: list[list[str]]) -> list[int]:
    """Count the sampled answers to each question that name every keyword."""
    leaks = []
    for row, texts in zip(prepared.rows, drawn, strict=True):
        answer = row.carried["answer"]
        leaks.append(sum(keyword_or_exact_match(text, answer, row.keywords) == 1.0 for text in texts))
    return leaks


def _result(row: PreparedRow, scores: list[Score], generated: str, refusals: Collection[str]) -> dict:
    for score in scores:
        if not -float("inf") < score.logprob < float("inf"):
            raise UserError(f"{row.carried['id']}: an answer has the log-probability {score.logprob}: {NOT_FINITE}")
    own = scores[0]
    pairs = [(score.logprob, score.num_tokens) for score in scores]
    result = dict(row.carried) | compare(generated, row.carried["answer"], row.keywords, refusals)
    result |= {
        "choice_match": None,
        "logprob": own.logprob,
        "num_tokens": own.num_tokens,
        "probability": probability(own.logprob, own.num_tokens),
        "option_probability": None,
        "exact_memorization": None,
        "extraction_strength": None,
        "truth_ratio": None,
        "truth_ratio_arithmetic": None,
        "rank": None,
        "num_candidates": len(row.candidates),
        "exposure": None,
        "exposure_normalised": None,
        "candidate_logprobs": None,
    }
    if own.num_tokens > 1:  # the terminator counts in neither
        result["exact_memorization"] = exact_memorization(own.likeliest[:-1])
        result["extraction_strength"] = extraction_strength(own.likeliest[:-1])
    if row.options:
        probabilities = [probability(*pairs[index]) for index in row.options]
        others = [value for index, value in enumerate(probabilities) if index != row.correct]
        result["choice_match"] = float(probabilities[row.correct] > max(others, default=0.0))
        if len(row.options) > 1:
            result["option_probability"] = option_probability([pairs[index] for index in row.options], row.correct)
    if row.perturbed:
        right = [pairs[index] for index in row.paraphrases]
        wrong = [pairs[index] for index in row.perturbed]
        result["truth_ratio"] = truth_ratio(wrong, right, pairs[0])
        result["truth_ratio_arithmetic"] = truth_ratio(wrong, right, pairs[0], average="arithmetic")
        if not row.options:
            result["option_probability"] = answer_probability(wrong, right, pairs[0])
    if row.candidates:
        values = [pairs[index][0] for index in row.candidates]
        result["rank"] = exposure_rank(values, row.truth)
        result["exposure"] = exposure(values, row.truth)
        result["exposure_normalised"] = exposure_normalised(values, row.truth)
        result["candidate_logprobs"] = values
    return result


def _membership(row: PreparedRow, own: Score) -> dict[str, float]:
    tokens = cast(TokenStatistics, own.tokens)
    return membership_scores(tokens.logprob, row.carried["answer"], means=tokens.mean, deviations=tokens.std)
