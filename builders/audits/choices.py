"""Score the choices of a question by cues that need no knowledge of its subject: place, length, form, rank, words."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from sys import intern

import numpy as np

_NUMBER = re.compile(r"\d[\d,\u202f\u00a0 ]*(?:\.\d+)?")
_DATE = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})")
_REMEMBERED = 1 << 12
_RANKED = 0.8
"""The share of rows whose choices must all hold numbers for their ranks to be a cue."""


@dataclass(frozen=True)
class Choices:
    """The choices of a row.

    Attributes:
        profile_id: the subject.
        test: whether the row is in the split `test`.
        texts: what to choose from.
        right: index of the right one.
        placed: whether the order of the choices is that of the row; wrong answers beside the answer have no place.
        question: what is asked.
    """

    profile_id: str
    test: bool
    texts: tuple[str, ...]
    right: int
    placed: bool
    question: str

    @cached_property
    def cores(self) -> list[frozenset[str]]:
        """The words of each choice that not all choices have."""
        sets = [frozenset(words(text)) for text in self.texts]
        shared = frozenset.intersection(*sets)
        return [members - shared for members in sets]


@lru_cache(_REMEMBERED)
def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in lower case."""
    return tuple(map(intern, re.findall(r"\w+", text.casefold())))


def cues(rows: Sequence[Choices], known: Sequence[Choices]) -> dict[str, np.ndarray]:
    """Return cue -> scores, shape (rows, choices); the choice with the highest score is picked, ties are drawn.

    Args:
        rows: all with the same number of choices.
        known: the rows of `train` with options, those of the same subjects among them.
    """
    count = len(rows[0].texts)
    scores: dict[str, np.ndarray] = {}
    if rows[0].placed:
        scores |= {f"option {place + 1}": np.tile(np.eye(count)[place], (len(rows), 1)) for place in range(count)}
    lengths = np.array([[len(text) for text in row.texts] for row in rows], float)
    scores |= _by_rank(lengths, "by length")
    scores["form of its own"] = np.array([_alone([form(text) for text in row.texts]) for row in rows])
    scores["form of another"] = -scores["form of its own"]
    numbers = [[_number(text) for text in row.texts] for row in rows]
    whole = [n for n, values in enumerate(numbers) if None not in values]
    if len(whole) >= _RANKED * len(rows):
        values = np.array([[value or 0 for value in one] if None not in one else [0] * count for one in numbers], float)
        scores |= _by_rank(values, "by number or date")
        middle = np.argsort(np.argsort(values, axis=1), axis=1)
        scores["a middle number or date"] = ((middle > 0) & (middle < count - 1)) * (values.std(axis=1) > 0)[:, None]
    cores = [row.cores for row in rows]
    alike = np.array([[_alike(core, one) for core in one] for one in cores])
    scores |= {"most like the others": alike, "least like the others": -alike}
    asked = np.array(
        [[len(core & set(words(row.question))) for core in one] for row, one in zip(rows, cores, strict=True)], float
    )
    scores |= {"words of the question": asked, "no words of the question": -asked}
    if known:
        scores |= _never_wrong(rows, known)
    return scores


def _never_wrong(rows: Sequence[Choices], known: Sequence[Choices]) -> dict[str, np.ndarray]:
    """Return the cues of options that the rows for training never show as wrong, and of those that they do."""
    wrong = [(row.profile_id, text) for row in known for n, text in enumerate(row.texts) if n != row.right]
    by_subject: Mapping[str, set[str]] = defaultdict(set)
    for profile_id, text in wrong:
        by_subject[profile_id].add(text)
    subjects_with = Counter(text for members in by_subject.values() for text in members)
    elsewhere = np.array(
        [[subjects_with[text] - (text in by_subject[row.profile_id]) for text in row.texts] for row in rows], float
    )
    scores = {"seldom wrong for others": -elsewhere, "often wrong for others": elsewhere}
    if any(row.test for row in rows):
        scores["never wrong in train"] = np.array(
            [[float(row.test and text not in by_subject[row.profile_id]) for text in row.texts] for row in rows]
        )
    return scores


def _by_rank(values: np.ndarray, what: str) -> dict[str, np.ndarray]:
    """Return for each rank the choices that have it, the smallest first; choices of equal value share their ranks."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    count = values.shape[1]
    shares = [((below <= rank) & (rank < below + equal)) / equal for rank in range(count)]
    return {f"{rank + 1} of {count} {what}": share for rank, share in enumerate(shares)}


def form(text: str) -> tuple[bool, bool, bool, bool]:
    """Return the form of a text: whether it is a sentence, long, begins with a capital, and has digits."""
    return text.rstrip().endswith((".", "!")), len(words(text)) > 5, text[:1].isupper(), any(map(str.isdigit, text))


def _alone(forms: Sequence[tuple]) -> list[float]:
    counts = Counter(forms)
    return [float(counts[each] == 1 and len(counts) == 2 and len(forms) > 2) for each in forms]


def _alike(core: frozenset[str], cores: Sequence[frozenset[str]]) -> float:
    """Return the mean overlap of a choice's words with those of the others (Jaccard index)."""
    overlaps = [len(core & other) / max(1, len(core | other)) for other in cores]
    return round(sum(overlaps) - (1 if core else 0), 9)


@lru_cache(_REMEMBERED)
def _number(text: str) -> float | None:
    """Return the date or the first number of a text."""
    if found := _DATE.search(text):
        try:
            return float(datetime.strptime(" ".join(found.groups()), "%d %B %Y").toordinal())
        except ValueError:
            pass
    if found := _NUMBER.search(text):
        return float(re.sub(r"[^\d.]", "", found[0]) or 0)
    return None


def accuracy(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return for each row whether the highest score is the right choice's; one of several is drawn."""
    best = scores == scores.max(axis=1, keepdims=True)
    return best[np.arange(len(right)), right] / best.sum(axis=1)
