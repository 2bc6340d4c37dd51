"""Which rows state the answers of others: what an attack trains on must not give away what is scored."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lethebench.evaluation.answers.row_scores import keywords_of
from lethebench.evaluation.metrics.words import normalised_tokens

Row = Mapping[str, Any]


class Node(NamedTuple):
    """A row of one of two sets."""

    is_trained: bool
    row: int


def without_stated(
    train: Sequence[Row], scored: Sequence[Row], names: Mapping[str, str] | None = None
) -> tuple[list[int], list[int]]:
    """Return which rows to train on and which to score, so that none of the first states an answer of the second.

    A row states an answer if its question or its answer has one of its keywords, and if it is about the same profile or
    names it. Of two rows in conflict the one with more conflicts is left out, the trained one where they have equally
    many: a description of a person is not used, and a person's name is not scored where many rows have it.

    Args:
        train: Rows to train on, without pictures.
        scored: Rows to score, without pictures.
        names: Profile -> its name.

    Returns:
        Indices of `train` and of `scored`.
    """
    conflicts: dict[Node, set[Node]] = {}
    for own, other in _stated(train, scored, names or {}):
        conflicts.setdefault(own, set()).add(other)
        conflicts.setdefault(other, set()).add(own)
    left_out: set[Node] = set()
    while conflicts:
        worst = max(conflicts, key=lambda node: (len(conflicts[node]), node.is_trained, -node.row))
        left_out.add(worst)
        for other in conflicts.pop(worst):
            conflicts[other].discard(worst)
            if not conflicts[other]:
                del conflicts[other]
    return (
        [index for index in range(len(train)) if Node(True, index) not in left_out],
        [index for index in range(len(scored)) if Node(False, index) not in left_out],
    )


def _stated(train: Sequence[Row], scored: Sequence[Row], names: Mapping[str, str]) -> Iterable[tuple[Node, Node]]:
    """Yield each row to train on with each scored row whose answer it states."""
    answers = [[_spaced(word) for word in keywords_of(row)] for row in scored]
    spaced_names = {row["profile_id"]: _spaced(names.get(row["profile_id"], "")) for row in scored}
    of_profile: dict[str, list[int]] = {}
    for index, row in enumerate(scored):
        of_profile.setdefault(row["profile_id"], []).append(index)
    for number, row in enumerate(train):
        text = _spaced(f"{row['question']}\n{row['answer']}")
        named = {profile for profile, name in spaced_names.items() if name.strip() and name in text}
        for profile in {row.get("profile_id"), *named} & of_profile.keys():
            for index in of_profile[profile]:
                if any(word in text for word in answers[index]):
                    yield Node(True, number), Node(False, index)


def _spaced(text: str) -> str:
    """Return the normalized tokens of a text, each between spaces."""
    return f" {' '.join(normalised_tokens(text))} "
