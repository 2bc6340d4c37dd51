"""Why a part of a run's score cannot be measured: no part is made of fewer rows than its name says."""

from collections.abc import Collection, Mapping, Sequence

from lethebench.evaluation.metrics.forget import MARGIN
from lethebench.evaluation.metrics.score import PARTS
from lethebench.evaluation.metrics.tables import ModelRows, Row, unit_of

FRESH_ROLES = ("neighbour", "general")
NO_GOLD = "no gold model (retrained without the asked tasks) of the last stage: it is what is compared with"


def unmeasured(
    stages: Sequence[ModelRows],
    gold: Mapping[int, Sequence[ModelRows]],
    order: Sequence[int],
    sampled: Collection[int] = (),
) -> dict[str, str]:
    """Return part -> reason for every part of the score that these rows do not give.

    Stages in `sampled` may hold some of the rows only, and rank some of them.

    Raises:
        ValueError: stages or gold models hold other rows than the initial model.
    """
    if not any(stage >= len(stages) - 1 for stage in gold):
        return dict.fromkeys(PARTS, NO_GOLD)
    _check_same_rows(stages, gold, sampled)
    initial = stages[0]
    asked = [row for row in initial.rows if row["task_id"] in set(order)]
    reasons: dict[str, str] = {}
    if len({row["profile_id"] for row in asked}) < 2:
        reasons |= dict.fromkeys(("forget", "forget_worst", "indistinguishable"), "fewer than two profiles are asked")
    elif reason := _not_known(initial, gold, order):
        reasons |= dict.fromkeys(("forget", "forget_worst"), reason)
    models = [*stages, *(model for models in gold.values() for model in models)]
    whole = [model for number, model in enumerate(models) if number not in sampled]
    if "indistinguishable" not in reasons and (reason := _no_candidates(whole, asked)):
        reasons["indistinguishable"] = reason
    if reason := _not_kept(models):
        reasons |= dict.fromkeys(("keep", "keep_worst"), reason)
    return reasons


def _check_same_rows(
    stages: Sequence[ModelRows], gold: Mapping[int, Sequence[ModelRows]], sampled: Collection[int]
) -> None:
    names = [(f"stage {number}", model) for number, model in enumerate(stages)]
    names += [(f"gold of stage {number}", model) for number, models in gold.items() for model in models]
    ids = [{row["id"] for row in part} for part in (stages[0].rows, stages[0].held_out)]
    for number, (name, model) in enumerate(names):
        for kind, expected, part in zip(("rows", "held-out rows"), ids, (model.rows, model.held_out), strict=True):
            own = {row["id"] for row in part}
            if not own <= expected or (own != expected and number not in sampled):
                raise ValueError(f"{name} has other {kind} than stage 0: score every model on the same questions")


def _not_known(initial: ModelRows, gold: Mapping[int, Sequence[ModelRows]], order: Sequence[int]) -> str | None:
    """Return why a task or a modality of it has no forget score: no profile of it was known beyond gold."""
    for number, task in enumerate(order, start=1):
        models = gold[min(stage for stage in gold if stage >= number)]
        for modality in sorted({row["modality"] for row in initial.rows if row["task_id"] == task}):
            before = _knowledge(initial, task, modality)
            after = [_knowledge(model, task, modality) for model in models]
            if not any(before[profile] - max(part[profile] for part in after) >= MARGIN for profile in before):
                return f"task {number}: no profile is known {MARGIN} better than by gold from {modality} questions"
    return None


def _knowledge(model: ModelRows, task: int, modality: str) -> dict:
    """Return the mean keyword match of each profile of a task."""
    scores: dict = {}
    for row in (*model.rows, *model.held_out):
        if row["task_id"] == task and row["modality"] == modality and row["keyword_match"] is not None:
            scores.setdefault(row["profile_id"], []).append(row["keyword_match"])
    return {profile: sum(values) / len(values) for profile, values in scores.items()}


def _no_candidates(models: Sequence[ModelRows], asked: Sequence[Row]) -> str | None:
    ids = {row["id"] for row in asked}
    for model in models:
        ranked = {
            row["profile_id"]
            for row in model.rows
            if row["id"] in ids and row.get("rank") is not None and row.get("candidate_logprobs") is not None
        }
        missing = sorted({row["profile_id"] for row in asked} - ranked, key=str)
        if missing:
            return f"profile {missing[0]} has no row with log-probabilities of candidates"
    return None


def _not_kept(models: Sequence[ModelRows]) -> str | None:
    """Return why keep cannot be measured: no rows that no model was trained on, one profile, or a part missing."""
    fresh = [row for row in models[0].held_out if row["role"] != "neighbour" and row["task_id"] < 0]
    others = [row for row in models[0].rows if row["role"] in FRESH_ROLES]
    if not models[0].held_out:
        return "no held-out rows (new wordings and pictures): keep is measured on rows that no model was trained on"
    if len({row["profile_id"] for row in fresh}) < 2:
        return "fewer than two retained profiles have held-out rows"
    ids = {row["id"] for row in (*models[0].held_out, *others)}
    for name, words in (
        ("keyword_match", "keyword match"),
        ("probability", "probability"),
        ("rouge_l_recall", "ROUGE-L recall"),
        ("truth_ratio", "truth ratio (no perturbed answers)"),
    ):
        for model in models:
            rows = [row for row in (*model.rows, *model.held_out) if row["id"] in ids]
            scored = {unit_of(row) for row in rows if row.get(name) is not None}
            missing = sorted({unit_of(row) for row in rows} - scored, key=str)
            if missing:
                return f"profile {missing[0]} has no held-out row with a {words}"
    return None
