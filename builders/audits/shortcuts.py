"""Audit shortcuts: how often an answer is found without knowing its subject, by lookups and linear classifiers.

Guesses are compared with the commonest value, and picks among choices (options, or an answer among wrong ones) also
with one drawn at random. A score is a shortcut if it is more than RATIO times that, beyond what chance explains.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lethebench.builders.audits.choices import Choices, accuracy, cues, words
from lethebench.builders.audits.linear import accuracies, bag, choice_accuracies
from lethebench.builders.audits.sample import Sample, Subject, checksum
from lethebench.builders.audits.word_pairs import WordPairs
from lethebench.generation.lookups import commonest, lookup

RATIO = 1.3
POOLED = "all others"
LEAST_SUBJECTS = 20
MOST_ATTRIBUTES = 100
_MOST_ROWS = 500  # of one attribute and kind
_ERRORS = 3.3
"""Standard errors by which the mean over subjects must exceed the limit: many cues are tried."""

Visible = Callable[[str, str, Sequence[str]], Sequence[str]]
"""(domain, attribute, fields and details of a profile) -> those that a picture may show where it is asked for."""


@dataclass(frozen=True)
class Score:
    """The score of the best cue beside that of no knowledge, both in [0, 1], and whether it is a shortcut."""

    cue: str
    score: float
    chance: float
    subjects: int
    shortcut: bool

    def record(self) -> dict[str, Any]:
        """Return plain data with rounded figures."""
        return {
            "cue": self.cue,
            "score": round(self.score, 3),
            "chance": round(self.chance, 3),
            "subjects": self.subjects,
            "shortcut": self.shortcut,
        }


def shortcuts(sample: Sample, visible: Visible) -> dict[str, dict[str, Any]]:
    """Return attribute -> what was measured -> a record of `Score`.

    `name` guesses the value from the name and what it implies, `page` from that and what pictures show; `options`,
    `wrong_answers` and `wrong_sentences` pick among choices. Choices of attributes that fewer than LEAST_SUBJECTS
    subjects have, and of those beyond the MOST_ATTRIBUTES most frequent ones, are measured together, as POOLED.
    """
    trained = [subject for subject in sample.subjects.values() if subject.role in ("forget", "retain")]
    ids = {subject.id for subject in trained}
    counts = Counter(row["attribute"] for row in sample.rows if row["profile_id"] in ids)
    results: dict[str, dict[str, Any]] = {}
    pooled: list[str] = []
    measured = sorted(counts, key=lambda attribute: -counts[attribute])[:MOST_ATTRIBUTES]
    for attribute in counts:
        scores: dict[str, Any] = {}
        if attribute in measured:
            members = [subject for subject in trained if attribute in subject.values]
            rows = (row for row in sample.about(attribute) if row["profile_id"] in ids)
            scores = _guesses(attribute, members, visible) | _picks(attribute, rows, sample, visible)
        if scores:
            results[attribute] = scores
        else:
            pooled.append(attribute)
    others = (row for attribute in pooled for row in sample.about(attribute) if row["profile_id"] in ids)
    scores = _picks("", others, sample, visible)
    return results | ({POOLED: scores} if scores else {})


def _guesses(attribute: str, members: Sequence[Subject], visible: Visible) -> dict[str, dict[str, Any]]:
    """Return the scores of guessing an attribute's value from name and page, if there are enough subjects with it."""
    if len(members) < LEAST_SUBJECTS:
        return {}
    named = {} if attribute == "name" else name_clues(members, attribute)
    shown = {**named, **picture_clues(members, attribute, visible)}
    scores = {"name": named} if named else {}
    scores |= {"page": shown} if len(shown) > len(named) else {}
    return {kind: _values(attribute, members, clues).record() for kind, clues in scores.items()}


def _picks(attribute: str, rows: Iterable[Mapping], sample: Sample, visible: Visible) -> dict[str, dict[str, Any]]:
    """Return the scores of picking among options and among wrong answers, if enough subjects have them."""
    of_kinds: dict[str, list[Choices]] = {kind: [] for kind in _KINDS}
    for row in rows:
        for kind, of_kind in _KINDS.items():
            if choices := of_kind(row):
                of_kinds[kind].append(choices)
    return {
        kind: _choices(choices, attribute, sample, visible).record()
        for kind, choices in of_kinds.items()
        if len({row.profile_id for row in choices}) >= LEAST_SUBJECTS
    }


def name_clues(members: Sequence[Subject], attribute: str) -> dict[str, list[str]]:
    """Return clue -> what each subject's name tells: first and last word, and the nationality if it is known."""
    parts = [subject.values["name"].split() or [""] for subject in members]
    clues = {"first name": [part[0] for part in parts], "last name": [part[-1] for part in parts]}
    nations = [subject.fact("nationality") for subject in members]
    return clues | ({"nationality": nations} if any(nations) and attribute != "nationality" else {})


def picture_clues(members: Sequence[Subject], attribute: str, visible: Visible) -> dict[str, list[str]]:
    """Return clue -> what a picture of each subject shows of it, empty where it does not."""
    keys = [(*subject.values, *subject.details) for subject in members]
    shown = [set(visible(one.domain, attribute, own)) for one, own in zip(members, keys, strict=True)]
    names = dict.fromkeys(key for own, keys_shown in zip(keys, shown, strict=True) for key in own if key in keys_shown)
    return {
        name.replace("_", " "): [
            subject.fact(name) if name in own else "" for subject, own in zip(members, shown, strict=True)
        ]
        for name in names
    }


def _values(attribute: str, members: Sequence[Subject], clues: Mapping[str, Sequence[str]]) -> Score:
    """Return the best lookup of a value by one clue and the domain, or the classifier on the words of all of them."""
    targets = [subject.values[attribute] for subject in members]
    domains = [subject.domain for subject in members]
    chance = max(commonest(targets), _commonest_within(targets, domains))
    results: dict[str, np.ndarray] = {}
    for name, values in clues.items():
        keys: list[Hashable] = list(zip(domains, values, strict=True))
        results[name] = np.array(lookup(targets, keys))
    texts = [
        [domain, *(f"{name}={word}" for name in clues for word in (clues[name][n], *words(clues[name][n])))]
        for n, domain in enumerate(domains)
    ]
    results["linear classifier"] = accuracies(bag(texts), targets)
    return _best(results, chance, [subject.id for subject in members])


def _commonest_within(targets: Sequence[str], domains: Sequence[str]) -> float:
    by_domain: dict[str, list[str]] = defaultdict(list)
    for target, domain in zip(targets, domains, strict=True):
        by_domain[domain].append(target)
    return sum(commonest(part) * len(part) for part in by_domain.values()) / len(targets)


def _options(row: Mapping) -> Choices | None:
    if len(row["options"]) > 1 and 0 <= row["correct"] < len(row["options"]):
        return _of_row(row, row["options"], row["correct"], True)
    return None


def _wrong_answers(row: Mapping) -> Choices | None:
    """Return a right value among its wrong ones, where both are bare."""
    if row["perturbed"] and not row["paraphrases"] and not row["options"]:
        return _of_row(row, (row["answer"], *row["perturbed"]), 0, False)
    return None


def _wrong_sentences(row: Mapping) -> Choices | None:
    """Return one paraphrase of a right answer among wrong answers, as many of each form.

    Wrong answers take the forms of the paraphrases in turn; the answer itself has another form than all of them.
    """
    forms = 0 if row["options"] else len(row["paraphrases"])
    if not forms or len(row["perturbed"]) < forms:
        return None
    own = checksum(row["id"])[0] % forms
    wrong = [row["perturbed"][number::forms] for number in range(forms)]
    size = min(map(len, wrong)) if forms > 1 else len(wrong[0]) + 1
    texts = [text for number, part in enumerate(wrong) for text in part[: size - (number == own)]]
    return _of_row(row, (row["paraphrases"][own], *texts), 0, False)


def _of_row(row: Mapping, texts: Sequence[str], right: int, placed: bool) -> Choices:
    return Choices(row["profile_id"], row["part"] == "test", tuple(texts), right, placed, row["question"])


_KINDS: Mapping[str, Callable[[Mapping], Choices | None]] = {
    "options": _options,
    "wrong_answers": _wrong_answers,
    "wrong_sentences": _wrong_sentences,
}
"""Kind of choices -> those of a row, if it has some."""


def _choices(rows: Sequence[Choices], attribute: str, sample: Sample, visible: Visible) -> Score:
    """Return the best of all cues on the rows with the usual number of choices."""
    counts = [len(row.texts) for row in rows]
    count = max(set(counts), key=counts.count)
    known = [row for row in rows if row.placed and not row.test]
    rows = [row for row in rows if len(row.texts) == count]
    order = sorted(range(len(rows)), key=lambda n: checksum(f"{rows[n].profile_id} {rows[n].question} {n}"))
    rows = [rows[n] for n in order[:_MOST_ROWS]]
    right = np.array([row.right for row in rows])
    groups = [row.profile_id for row in rows]
    scores = cues(rows, known)
    results = {name: accuracy(values, right) for name, values in scores.items()}
    if tests := [n for n, row in enumerate(rows) if row.test]:
        # This cue compares rows of test with rows of train.
        if "never wrong in train" in results and len({groups[n] for n in tests}) >= LEAST_SUBJECTS:
            results["never wrong in train"] = results["never wrong in train"][tests]
        else:
            results.pop("never wrong in train", None)
    features = np.stack([values for name, values in scores.items() if name != "never wrong in train"], axis=2)
    results["linear classifier"] = choice_accuracies(features, right, groups)
    subjects = [sample.subjects[profile_id] for profile_id in groups]
    clues = ({} if attribute == "name" else name_clues(subjects, attribute)) | picture_clues(
        subjects, attribute, visible
    )
    clues |= {"question": [row.question for row in rows]}
    clues |= {"the attribute": [""] * len(rows)}
    values = [value for subject in subjects if (value := subject.values.get(attribute))]
    chance = max(1 / count, commonest(values or [row.texts[row.right] for row in rows]))
    pairs = WordPairs(rows)
    for name, part in clues.items():
        results[f"{name}, with words of the choice"] = accuracy(pairs.scores(part), right)
    return _best(results, chance, groups, tests)


def _best(results: Mapping[str, np.ndarray], chance: float, groups: Sequence[str], tests: Sequence[int] = ()) -> Score:
    """Return the cue that is furthest above the limit in standard errors if any is above it, else the best one."""
    best: tuple[tuple[bool, float], Score] | None = None
    for name, values in results.items():
        members = [groups[n] for n in tests] if len(values) < len(groups) else groups
        mean, error, subjects = _mean(values, members)
        shortcut = mean - _ERRORS * error > RATIO * chance
        score = Score(name, mean, chance, subjects, bool(shortcut))
        if best is None or (shortcut, mean) > best[0]:
            best = (shortcut, mean), score
    assert best is not None
    return best[1]


def _mean(values: np.ndarray, groups: Sequence[str]) -> tuple[float, float, int]:
    """Return the mean, its standard error over groups, and the number of groups."""
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(members)
    means = np.bincount(members, weights=values) / sizes
    mean = float(values.mean())
    residuals = (means - mean) * sizes
    error = float(np.sqrt((residuals**2).sum()) / sizes.sum())
    return mean, error, len(names)
