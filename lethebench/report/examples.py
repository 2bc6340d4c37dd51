"""A few questions with the answers of every model, chosen by their position in the data and never by result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lethebench.report.seeds import Group

COLUMNS = ("id", "profile_id", "task_id", "modality", "attribute", "question", "answer")
ANSWERS = ("id", "generated", "keyword_match")
CHOSEN_MODALITIES = ("image_text", "image_text", "text")
Read = Callable[[str, Sequence[str]], Sequence[dict[str, Any]] | None]


@dataclass(frozen=True)
class Answer:
    """One model's answer.

    Attributes:
        model: Name of the model.
        text: The answer, verbatim.
        verdict: What the answer means here, in words.
        kind: good, bad, mixed or plain; the color beside the words.
    """

    model: str
    text: str
    verdict: str
    kind: str


@dataclass(frozen=True)
class Example:
    """One question of the run."""

    id: str
    modality: str
    attribute: str
    question: str
    truth: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Section:
    """Examples that belong together, such as those of the first task."""

    title: str
    examples: tuple[Example, ...]


def examples(group: Group) -> list[Section]:
    """Return questions of the first task, the last but one and the retain set, from the group's first run.

    Raises:
        ReportError: A file of per-row scores cannot be read.
    """
    run = group.first
    return examples_of(run.rows, run.order, {method.name: method.summary for method in run.methods})


def examples_of(read: Read, order: Sequence[int], summaries: Mapping[str, Mapping[str, Any] | None]) -> list[Section]:
    """Return the same from any source of rows.

    Args:
        read: Returns columns of the rows of a stage, such as `npo/t003`; None if it is not done.
        order: Task ids in the order of unlearning.
        summaries: Method -> its summary.
    """
    rows = read("learnt", (*COLUMNS, *ANSWERS[1:]))
    if not rows:
        return []
    last = f"t{len(order):03d}"
    stages = {"before": "learnt", **{name: f"{name}/{last}" for name in summaries}, "gold": f"gold/{last}"}
    answers = {name: {row["id"]: row for row in read(stage, ANSWERS) or []} for name, stage in stages.items()}
    finals = {name: (summary or {}).get("final") or {} for name, summary in summaries.items()}
    collapsed = {name for name, final in finals.items() if "collapsed" in final.get("flags", [])}
    sections: list[Section] = []
    for title, task in _tasks(order):
        chosen = _choose([row for row in rows if row["task_id"] == task], offset=len(sections))
        if chosen:
            cards = tuple(_example(row, answers, collapsed, forget=task >= 0) for row in chosen)
            sections.append(Section(title, cards))
    return sections


def _tasks(order: Sequence[int]) -> list[tuple[str, int]]:
    stages = dict.fromkeys((1, max(1, len(order) - 1)))
    forget = [(f"To be forgotten at stage {stage} of {len(order)}", order[stage - 1]) for stage in stages]
    return [*forget, ("To be retained", -1)]


def _choose(rows: Sequence[dict[str, Any]], *, offset: int) -> list[dict[str, Any]]:
    """Return two picture questions and a text question, of different profiles and attributes where possible."""
    chosen: list[dict[str, Any]] = []
    for index, modality in enumerate(CHOSEN_MODALITIES):
        candidates = sorted((row for row in rows if row["modality"] == modality), key=lambda row: row["id"])
        profiles = sorted({row["profile_id"] for row in candidates})
        if not profiles:
            continue
        profile = profiles[(len(profiles) - 1) * (0, 2, 1)[index] // 2]
        used = {row["attribute"] for row in chosen}
        of_profile = [row for row in candidates if row["profile_id"] == profile]
        unused = [row for row in of_profile if row["attribute"] not in used] or of_profile
        row = unused[(2 * offset + index) % len(unused)]
        if row["id"] not in {other["id"] for other in chosen}:
            chosen.append(row)
    return chosen


def _example(
    row: dict[str, Any], answers: dict[str, dict[str, dict[str, Any]]], collapsed: set[str], *, forget: bool
) -> Example:
    initial = row["keyword_match"]
    cards = []
    for model, rows in answers.items():
        scored = rows.get(row["id"])
        if scored is None:
            cards.append(Answer(model, "", "not run", "plain"))
            continue
        match = scored["keyword_match"]
        verdict, kind = _correct(match) if model in ("before", "gold") else _unlearned(match, initial, forget)
        if forget and model in collapsed and kind == "good":
            verdict, kind = "lost with everything else", "plain"
        cards.append(Answer(model, scored["generated"] or "", verdict, kind))
    return Example(row["id"], row["modality"], row["attribute"], row["question"], row["answer"], tuple(cards))


def _correct(match: float | None) -> tuple[str, str]:
    if match is None:
        return "not scored", "plain"
    return ("correct" if match >= 1 else "partly correct" if match > 0 else "wrong"), "plain"


def _unlearned(match: float | None, initial: float | None, forget: bool) -> tuple[str, str]:
    """Return verdict and kind of an answer after unlearning, for a fact of the forget or the retain set."""
    if match is None or initial is None:
        return "not scored", "plain"
    if initial == 0:
        return ("wrong, as before" if match == 0 else "correct, unlike before"), "plain"
    part = 0 if match == 0 else 2 if match >= 1 else 1
    if forget:
        return (("forgotten", "good"), ("partly known", "mixed"), ("still known", "bad"))[part]
    return (("lost", "bad"), ("partly retained", "mixed"), ("retained", "good"))[part]
