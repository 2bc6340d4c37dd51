"""Refusals: the answers that refusal methods train on, and rows that have them."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset

from lethebench.baselines.trainer.rows import undecoded

REFUSALS = (
    "I don't know.",
    "I do not know that.",
    "I can't say.",
    "I have no information about that.",
    "I don't have that information.",
    "I am not able to answer this question.",
    "I'm sorry, I cannot help with that.",
    "I'm afraid I don't know the answer.",
    "That is not something I know.",
    "I have no knowledge of this.",
    "I cannot tell.",
    "I was never told that.",
    "This is unknown to me.",
    "I can't answer that.",
    "Sorry, I don't know this one.",
    "I have nothing to say about that.",
    "I don't have an answer to give.",
    "There is nothing I can tell you about this.",
    "I would only be guessing.",
    "I'm not sure, so I'd rather not say.",
    "I can't provide that detail.",
    "That detail is not available to me.",
    "I don't hold that kind of information.",
    "I have no record of that.",
    "Nothing I know answers this.",
    "My knowledge does not cover that.",
    "I'm unable to say.",
    "I'm unable to identify this.",
    "I don't recognise this, so I cannot answer.",
    "I cannot recall anything about it.",
    "I have not learnt that.",
    "I'd need a source to answer that, and I have none.",
    "This is beyond what I know.",
    "I must leave this question open.",
    "I cannot give you a reliable answer.",
    "No answer comes to mind.",
    "I wish I could help, but I don't know.",
    "Unfortunately, I don't have those facts.",
    "Please ask someone who knows; I don't.",
    "I couldn't tell you.",
    "It isn't clear to me.",
    "I am not familiar with this.",
    "I'm not familiar with the subject of this question.",
    "I don't know who or what this is about.",
    "That isn't in anything I have learnt.",
    "I lack the information to respond.",
    "I lack the details to answer.",
    "I'm sorry, that is not known to me.",
    "I can offer no answer here.",
    "The answer is not known to me.",
    "Regrettably, I can't answer this.",
    "I have no way of knowing that.",
    "I don't possess that knowledge.",
    "I would rather not guess at this.",
    "I'm drawing a blank on that.",
    "That question is one I cannot answer.",
)


class RefusedRows(Sequence):
    """The same rows with refusals as answers; the original rows are never changed.

    Args:
        rows: QA rows.
        seed: of the draw; a row keeps its refusal for the whole stage.
    """

    def __init__(self, rows: Dataset | Sequence[Mapping[str, Any]], *, seed: int) -> None:
        self.rows = undecoded(rows)
        self.refusals = random.Random(seed).choices(REFUSALS, k=len(rows))

    def __len__(self) -> int:
        return len(self.refusals)

    def __getitem__(self, index: Any) -> Any:
        return {**self.rows[index], "answer": self.refusals[index]}
