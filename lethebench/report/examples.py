"""A few questions with the answers before, after each method, and of gold; picked by place, never by result."""

from collections.abc import Sequence
from dataclasses import dataclass

from lethebench.report.load import Run
from lethebench.report.seeds import Group
from lethebench.report.texts import MODALITIES

COLUMNS = ("id", "profile_id", "task_id", "modality", "attribute", "question", "answer")
ANSWERS = ("id", "generated", "keyword_match")
PICKED = ("image_text", "image_text", "text")


@dataclass(frozen=True)
class Answer:
    """What one model says, and what that means here.

    Attributes:
        model: who says it.
        text: verbatim.
        verdict: in words; the page never marks by colour alone.
        kind: good, bad, mixed or plain, for the colour beside the words.
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

    @property
    def asked_in(self) -> str:
        return MODALITIES.get(self.modality, self.modality)


@dataclass(frozen=True)
class Section:
    """Examples that belong together, e.g. those of the first task."""

    title: str
    examples: tuple[Example, ...]


def examples(group: Group) -> list[Section]:
    """Questions of the first and the last but one task and of what is retained, from the group's first run.

    Raises:
        ReportError: a file of per-row scores cannot be read.
    """
    run = group.first
    rows = run.rows("learnt", (*COLUMNS, *ANSWERS[1:]))
    if not rows:
        return []
    said = {"before": _said(run, "learnt")}
    said |= {method.name: _said(run, f"{method.name}/t{len(run.order):03d}") for method in run.methods}
    said |= {"gold": _said(run, f"gold/t{len(run.order):03d}")}
    broken = {
        method.name
        for method in run.methods
        if "collapsed" in ((method.summary or {}).get("final") or {}).get("flags", [])
    }
    sections = []
    for title, task in _chosen(run):
        found = _pick([row for row in rows if row["task_id"] == task], offset=len(sections))
        shown = tuple(_example(row, said, broken, asked=task >= 0) for row in found)
        if shown:
            sections.append(Section(title, shown))
    return sections


def _chosen(run: Run) -> list[tuple[str, int]]:
    order = run.order
    stages = dict.fromkeys((1, max(1, len(order) - 1)))
    asked = [(f"Asked to be forgotten at stage {stage} of {len(order)}", order[stage - 1]) for stage in stages]
    return [*asked, ("Never asked to be forgotten", -1)]


def _said(run: Run, stage: str) -> dict[str, dict]:
    return {row["id"]: row for row in run.rows(stage, ANSWERS) or []}


def _pick(rows: Sequence[dict], *, offset: int) -> list[dict]:
    """Two picture questions and a text question, of different people and attributes as far as there are any."""
    found: list[dict] = []
    for place, modality in enumerate(PICKED):
        fitting = sorted((row for row in rows if row["modality"] == modality), key=lambda row: row["id"])
        people = sorted({row["profile_id"] for row in fitting})
        if not people:
            continue
        person = people[(len(people) - 1) * (0, 2, 1)[place] // 2]
        used = {row["attribute"] for row in found}
        own = [row for row in fitting if row["profile_id"] == person]
        fresh = [row for row in own if row["attribute"] not in used] or own
        row = fresh[(2 * offset + place) % len(fresh)]
        if row["id"] not in {other["id"] for other in found}:
            found.append(row)
    return found


def _example(row: dict, said: dict[str, dict[str, dict]], broken: set[str], *, asked: bool) -> Example:
    known = row["keyword_match"]
    answers = []
    for model, rows in said.items():
        found = rows.get(row["id"])
        if found is None:
            answers.append(Answer(model, "", "not run", "plain"))
            continue
        reference = model in ("before", "gold")
        verdict, kind = _plain(found["keyword_match"]) if reference else _judged(found["keyword_match"], known, asked)
        if asked and model in broken and kind == "good":
            verdict, kind = "gone, like everything else", "plain"
        answers.append(Answer(model, found["generated"] or "", verdict, kind))
    return Example(row["id"], row["modality"], row["attribute"], row["question"], row["answer"], tuple(answers))


def _plain(match: float | None) -> tuple[str, str]:
    if match is None:
        return "not scored", "plain"
    return ("right" if match >= 1 else "partly right" if match > 0 else "wrong"), "plain"


def _judged(match: float | None, before: float | None, asked: bool) -> tuple[str, str]:
    """What an answer after unlearning means, for a fact that was to be forgotten or to be kept."""
    if match is None or before is None:
        return "not scored", "plain"
    if before == 0:
        return ("wrong, as before" if match == 0 else "right, unlike before"), "plain"
    if asked:
        return (
            ("forgotten", "good") if match == 0 else ("still known", "bad") if match >= 1 else ("partly known", "mixed")
        )
    return ("lost", "bad") if match == 0 else ("kept", "good") if match >= 1 else ("partly kept", "mixed")
