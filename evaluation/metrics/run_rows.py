"""Check the rows of a continual run, given as columns, and sort them into models that answer the same questions."""

from collections.abc import Mapping, Sequence
from typing import Any

from lethebench.evaluation.metrics.exposure import exposure, exposure_normalised, exposure_rank
from lethebench.evaluation.metrics.run_scores import Run
from lethebench.evaluation.metrics.tables import ModelRows
from lethebench.evaluation.metrics.text import keyword_match, rouge_l_recall
from lethebench.evaluation.metrics.utility import GROUPS
from lethebench.evaluation.metrics.validation import same_length, shares
from lethebench.evaluation.metrics.words import normalised_tokens

MODELS = ("method", "gold")
Key = tuple[str, int, int]
"""Of a model: method or gold, gold seed, stage."""


class MissingStage(ValueError):
    """A stage of the method has no rows."""


def read_run(predictions: Sequence[str], references: Sequence[str], columns: Mapping[str, Any]) -> Run:
    """Return the run that columns describe, see `unlearning_summary`.

    Raises:
        ValueError: no row, lengths that differ, an invalid value, stages or seeds with a gap, or models that answer
            different questions; each names the row.
    """
    count = len(references)
    if not count:
        raise ValueError("there are no rows")
    same_length("predictions", predictions, count)
    for name, values in columns.items():
        if values is not None:
            same_length(name, values, count)
    columns = _defaults(columns, count)
    _check(columns)
    last = max(columns["task_id"]) + 1
    missing = sorted(set(range(last)) - set(columns["task_id"]))
    if not last or missing:
        raise ValueError(f"task_id holds no {missing[0] if missing else 0}: tasks are counted from 0 without a gap")
    columns["stage"] = [last] * count if columns["stage"] is None else _whole(columns["stage"], "stage", 0)
    if max(columns["stage"]) > last:
        raise ValueError(
            f"{last} tasks are unlearned in {last} stages, but the last stage of a row is {max(columns['stage'])}"
        )
    by_model: dict[Key, list[int]] = {}
    for row in range(count):
        by_model.setdefault((columns["model"][row], columns["gold_seed"][row], columns["stage"][row]), []).append(row)
    questions = _same_questions(by_model, references, columns)
    models = {key: _model(rows, questions, predictions, references, columns) for key, rows in by_model.items()}
    stages = [stage for model, _, stage in models if model == "method"]
    absent = [stage for stage in range(last + 1) if stage not in stages]
    if absent:
        raise MissingStage(f"every stage 0 .. {last} is needed: give the method's rows of stage {absent[0]}")
    gold: dict[int, list[ModelRows]] = {}
    for (model, _, stage), rows in sorted(models.items(), key=lambda item: item[0]):
        if model == "gold":
            if not 1 <= stage <= last:
                raise ValueError(
                    f"a gold model has the stage {stage}: it is retrained without the tasks of 1 .. {last}"
                )
            gold.setdefault(stage, []).append(rows)
    return Run([models["method", 0, stage] for stage in range(last + 1)], gold, range(last))


def _defaults(columns: Mapping[str, Any], count: int) -> dict[str, Any]:
    role, tasks = columns["role"], columns["task_id"]
    if tasks is None:
        tasks = [0] * count if role is None else [0 if name == "forget" else -1 for name in role]
    tasks = _whole(tasks, "task_id", -1)
    constants: dict[str, Any] = {"modality": "text", "model": "method", "gold_seed": 0, "held_out": False}
    filled: dict[str, list] = {
        name: [value] * count if columns[name] is None else [value if cell is None else cell for cell in columns[name]]
        for name, value in constants.items()
    }
    roles = role if role is not None else ["forget" if task >= 0 else "retain" for task in tasks]
    filled |= {"gold_seed": _whole(filled["gold_seed"], "gold_seed", 0), "task_id": tasks, "role": list(roles)}
    return {**columns, **filled}


def _check(columns: Mapping[str, Any]) -> None:
    for row, (role, task, model) in enumerate(zip(columns["role"], columns["task_id"], columns["model"], strict=True)):
        if role not in ("forget", *GROUPS):
            raise ValueError(f"role[{row}] is {role!r}: it must be one of forget, {', '.join(GROUPS)}")
        if (role == "forget") != (task >= 0):
            raise ValueError(
                f"row {row} has the role {role} and task_id {task}: forget rows, and no others, have a task"
            )
        if model not in MODELS:
            raise ValueError(f"model[{row}] is {model!r}: it must be one of {', '.join(MODELS)}")
    if columns["probability"] is not None:
        shares(columns["probability"], "probability", holes=True)
    for row, value in enumerate(columns["truth_ratio"] or ()):
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"truth_ratio[{row}] is {value}: it must be a finite number above 0, or None")


def _whole(values: Sequence[int], name: str, least: int) -> list[int]:
    for row, value in enumerate(values):
        if value is None or not value >= least or value != int(value):
            raise ValueError(f"{name}[{row}] is {value}: it must be a whole number of at least {least}")
    return [int(value) for value in values]


def _same_questions(
    by_model: Mapping[Key, Sequence[int]], references: Sequence[str], columns: Mapping[str, Any]
) -> int:
    """Return how many questions each model answers; raise ValueError unless they are the same in the same order."""
    first, *others = by_model.values()
    compared = {name: columns[name] for name in ("role", "task_id", "modality", "held_out", "profile_id")}
    if columns["candidates"] is not None:
        compared["number of candidates"] = [0 if values is None else len(values) for values in columns["candidates"]]
    for rows in others:
        if len(rows) != len(first):
            raise ValueError(
                f"rows {first[0]} and {rows[0]} are of models with {len(first)} and {len(rows)} rows: ask the same "
                "questions"
            )
        for row, other in zip(first, rows, strict=True):
            for name, values in (("reference", references), *compared.items()):
                if values is not None and values[row] != values[other]:
                    raise ValueError(
                        f"row {other} has another {name} than row {row}: every model and stage must hold the same "
                        "questions in the same order"
                    )
    return len(first)


def _model(
    rows: Sequence[int],
    questions: int,
    predictions: Sequence[str],
    references: Sequence[str],
    columns: Mapping[str, Any],
) -> ModelRows:
    """Return the scored rows of a model, `id` being the position of the question."""
    knowledge = knowledge_of(predictions, references, columns["keywords"], indices=rows)
    width = len(str(questions))
    scored = []
    for position, row in enumerate(rows):
        profile = None if columns["profile_id"] is None else columns["profile_id"][row]
        scored.append(
            {
                "id": f"{position:0{width}d}",
                "profile_id": f"row {position:0{width}d}" if profile is None else profile,
                **{name: columns[name][row] for name in ("task_id", "role", "modality")},
                "generated": predictions[row],
                "keyword_match": knowledge[position],
                "rouge_l_recall": rouge_l_recall(predictions[row], references[row]),
                **{name: _cell(columns[name], row) for name in ("probability", "truth_ratio")},
                **_ranked(columns, row),
            }
        )
    held_out = [columns["held_out"][row] for row in rows]
    parts = [
        [row for row, is_new in zip(scored, held_out, strict=True) if bool(is_new) is kind] for kind in (False, True)
    ]
    return ModelRows(*parts)


def _cell(values: Sequence | None, row: int) -> Any:
    return None if values is None else values[row]


def _ranked(columns: Mapping[str, Any], row: int) -> dict[str, Any]:
    """Return the columns of a row that come from its candidates."""
    logprobs, truth = _cell(columns["candidates"], row), _cell(columns["truth_index"], row)
    if logprobs is None or not len(logprobs):
        names = ("rank", "exposure", "exposure_normalised", "candidate_logprobs")
        return {**dict.fromkeys(names), "num_candidates": 0}
    if truth is None:
        raise ValueError(f"truth_index[{row}] is None: it must name the true one of the row's candidates")
    try:
        rank = exposure_rank(logprobs, truth)
    except ValueError as error:
        raise ValueError(f"row {row} of candidates: {error}") from error
    return {
        "rank": rank,
        "num_candidates": len(logprobs),
        "exposure": exposure(logprobs, truth),
        "exposure_normalised": exposure_normalised(logprobs, truth),
        "candidate_logprobs": list(logprobs),
    }


def knowledge_of(
    texts: Sequence[str],
    references: Sequence[str],
    keywords: Sequence[Sequence[str]] | None = None,
    *,
    indices: Sequence[int] | None = None,
) -> list[float]:
    """Return the keyword match of each text, or of those at `indices`; a row without usable keywords takes its answer.

    Raises:
        ValueError: lengths that differ, or an answer with nothing to look for, with the row.
    """
    same_length("texts", texts, len(references))
    if keywords is not None:
        same_length("keywords", keywords, len(references))
    scores = []
    for row in range(len(references)) if indices is None else indices:
        words = [word for word in (keywords[row] or ()) if normalised_tokens(word)] if keywords is not None else []
        try:
            scores.append(keyword_match(texts[row], words or [references[row]]))
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from error
    return scores
