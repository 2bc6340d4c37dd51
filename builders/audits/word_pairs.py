"""Score choices by pairs of a word of the choice and a clue to it: naive Bayes, a linear classifier."""

from collections.abc import Sequence

import numpy as np

from lethebench.builders.audits.choices import Choices, words
from lethebench.builders.audits.linear import FOLDS, folds_of

_WORDS = 4  # of a clue
_SMOOTHING = 0.5


class WordPairs:
    """The words of the choices of some rows, all with the same number of choices."""

    def __init__(self, rows: Sequence[Choices]) -> None:
        bags = [core for row in rows for core in row.cores]
        self._shape = len(rows), len(rows[0].texts)
        self._place = np.repeat(np.arange(len(bags)), [len(core) for core in bags])  # of a word among all choices
        vocabulary: dict[str, int] = {}
        flat = [vocabulary.setdefault(word, len(vocabulary)) for core in bags for word in sorted(core)]
        self._word, self._size = np.array(flat, int), len(vocabulary)
        names, members = np.unique([row.profile_id for row in rows], return_inverse=True)
        self._row, choice = np.divmod(self._place, self._shape[1])
        self._fold = folds_of([0] * len(names), 0)[members][self._row].astype(np.int8)
        self._right = np.array([row.right for row in rows])[self._row] == choice

    def scores(self, clues: Sequence[str]) -> np.ndarray:
        """Return how much likelier each choice is right than wrong with the clue of its row, shape (rows, choices).

        Cross-validated over subjects. A clue counts whole and by its first words.
        """
        vocabulary: dict[str, int] = {}
        tokens_of: dict[str, list[int]] = {}
        for clue in dict.fromkeys(clues):
            tokens = (f"={clue}", *words(clue)[:_WORDS])
            numbers = [vocabulary.setdefault(token, len(vocabulary)) for token in tokens]
            tokens_of[clue] = numbers + [-1] * (_WORDS + 1 - len(numbers))
        token = np.array([tokens_of[clue] for clue in clues], np.int32)[self._row]
        element = np.repeat(np.arange(len(token), dtype=np.int32), (token >= 0).sum(axis=1))
        pair = token[token >= 0].astype(int) * self._size + self._word[element]
        del token  # each of these arrays takes megabytes
        distinct = np.unique(pair)
        index, size = np.searchsorted(distinct, pair), max(1, len(distinct))
        del pair, distinct
        fold, right = self._fold[element], self._right[element]
        hits, misses = (np.bincount(index[part], minlength=size) for part in (right, ~right))
        count, others = self._shape[0] * self._shape[1], self._shape[1] - 1
        scores = np.zeros(count)
        for number in range(FOLDS):
            own = np.flatnonzero(fold == number)
            at, is_right = index[own], right[own]
            right_elsewhere = hits - np.bincount(at[is_right], minlength=size)
            wrong_elsewhere = misses - np.bincount(at[~is_right], minlength=size)
            odds = np.log((right_elsewhere + _SMOOTHING) / (wrong_elsewhere / others + _SMOOTHING))
            scores += np.bincount(self._place[element[own]], weights=odds[at], minlength=count)
        return np.round(scores, 9).reshape(self._shape)
