"""What a judge is: a named object that gives each answer a verdict by a rubric."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from lethebench.evaluation.judges.rubrics import Rubric


@dataclass(frozen=True)
class Item:
    """An answer to judge.

    Attributes:
        question: What was asked.
        answer: The generated text.
        truth: The true answer.
        keywords: The parts of the truth that carry the fact; empty if unknown.
        logprob: Mean log-probability per token of the answer under a fluent model of the same answers, such as the
            initial model, in nats; None if unknown.
        threshold: The log-probability below which an answer is not fluent, see `fluency_threshold`.
        modality: `image_text` if the question came with pictures, which a judge does not see.
    """

    question: str
    answer: str
    truth: str
    keywords: tuple[str, ...] = ()
    logprob: float | None = None
    threshold: float | None = None
    modality: str = "text"


class Verdict(NamedTuple):
    """The verdict on one answer: an integer on the rubric's scale, or None with the reason in `error`."""

    value: int | None
    justification: str = ""
    error: str | None = None


@runtime_checkable
class Judge(Protocol):
    """Gives verdicts. Any object with these members is one.

    Attributes:
        name: As it is recorded with every verdict.
    """

    name: str

    def judge(self, items: Sequence[Item], rubric: Rubric, *, repeat: int = 0) -> Sequence[Verdict]:
        """Return one verdict per item, in order.

        Args:
            items: The answers.
            rubric: What is judged, and the scale.
            repeat: Number of the repetition, from 0. A judge may show truth and answer in another order, and its
                examples too; a deterministic judge ignores it.
        """
        ...


def checked(judge: Judge, items: Sequence[Item], rubric: Rubric, *, repeat: int = 0) -> list[Verdict]:
    """Return a judge's verdicts, each of them on the scale of the rubric or failed.

    Raises:
        ValueError: The judge returned another number of verdicts, or something else.
    """
    verdicts = list(judge.judge(items, rubric, repeat=repeat))
    if len(verdicts) != len(items):
        raise ValueError(f"{judge.name} returned {len(verdicts)} verdicts for {len(items)} answers: return one each")
    return [_checked(judge.name, verdict, rubric) for verdict in verdicts]


def _checked(name: str, verdict: object, rubric: Rubric) -> Verdict:
    if not isinstance(verdict, tuple) or len(verdict) != len(Verdict._fields):
        raise ValueError(f"{name} returned {verdict!r:.60}: return Verdict objects")
    value, justification, error = verdict
    if value is None:
        return Verdict(None, str(justification or ""), str(error or "no reason given"))
    if isinstance(value, bool) or value != int(value) or not rubric.low <= value <= rubric.high:
        return Verdict(None, str(justification), f"{value!r} is not on the scale {rubric.low} to {rubric.high}")
    return Verdict(int(value), str(justification))
