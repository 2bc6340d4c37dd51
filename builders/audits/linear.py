"""Fit small linear classifiers with numpy and measure them in cross-validation."""

from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np

FOLDS = 5
_SPLITS = 64
"""Of items into folds, for the AUC: its own error is below .02 also for twenty items."""
_RIDGE = 1.0
_STEPS = 12
_DIGITS = 9
"""Scores are rounded before they are compared, so that ties do not depend on the processor."""


def folds_of(labels: Sequence[Hashable], seed: int) -> np.ndarray:
    """Return a fold of each item; each fold has its share of every label."""
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(labels), int)
    for label in dict.fromkeys(labels):
        members = rng.permutation([n for n, other in enumerate(labels) if other == label])
        folds[members] = (np.arange(len(members)) + rng.integers(FOLDS)) % FOLDS
    return folds


def bag(texts: Sequence[Iterable[str]], *, least: int = 2) -> np.ndarray:
    """Return the words of texts as unit vectors: square roots of counts times inverse document frequency.

    Words of fewer than `least` texts are left out. Shape (texts, words).
    """
    words: dict[str, int] = {}
    counted: list[dict[str, int]] = [{} for _ in texts]
    for counts, text in zip(counted, texts, strict=True):
        for word in text:
            counts[word] = counts.get(word, 0) + 1
    frequency: dict[str, int] = {}
    for counts in counted:
        for word in counts:
            frequency[word] = frequency.get(word, 0) + 1
    words = {word: n for n, word in enumerate(word for word, count in frequency.items() if count >= least)}
    matrix = np.zeros((len(texts), len(words)), np.float32)
    for row, counts in zip(matrix, counted, strict=True):
        for word, count in counts.items():
            if word in words:
                row[words[word]] = np.sqrt(count) * np.log(len(texts) / frequency[word])
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return matrix


def standardized(features: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return columns of mean 0 within each group and of variance 1, scaled to rows of about unit length."""
    centered = features.astype(float)
    for group in set(groups):
        members = np.asarray(groups) == group
        centered[members] -= centered[members].mean(axis=0)
    spread = centered.std(axis=0)
    centered /= np.where(spread > 1e-9, spread, np.inf)  # in place: for words it takes tens of megabytes
    centered /= np.sqrt(max(1, features.shape[1]))
    return centered


def auc(
    features: np.ndarray, labels: Sequence[int], groups: Sequence[str], units: Sequence[Hashable] | None = None
) -> tuple[float, float]:
    """Return how well a ridge classifier ranks items of label 1 above those of label 0 of their group, .5 by chance.

    Cross-validated over units in folds with their share of every group and label, _SPLITS times over.

    Args:
        features: shape (items, features).
        labels: of each item, 0 or 1.
        groups: of each item.
        units: of each item; those of one unit have one label and one group. Default: every item is one.

    Returns:
        (mean, its standard error over the splits).
    """
    truth, group = np.asarray(labels), np.asarray(groups)
    strata: dict[Hashable, str] = {}
    for unit, name, label in zip(units or range(len(truth)), groups, labels, strict=True):
        strata[unit] = f"{name} {label}"
    numbers = {unit: number for number, unit in enumerate(strata)}
    members = np.array([numbers[unit] for unit in units or range(len(truth))])
    targets = truth - truth.mean()
    block, weights = _resolvent(features, targets)
    values = []
    for split in range(_SPLITS):
        folds = folds_of(list(strata.values()), split)[members]
        above = pairs = 0.0
        for fold in range(FOLDS):  # a model's scores are only comparable with one another
            test = np.flatnonzero(folds == fold)
            # Kernel ridge regression without these items, from the inverse of all: a block's residuals.
            residuals = np.linalg.solve(block(test), weights[test])
            scores = np.round(targets[test] - residuals, _DIGITS)
            for name in set(groups):
                ones, zeros = (scores[(group[test] == name) & (truth[test] == label)] for label in (1, 0))
                difference = ones[:, None] - zeros[None]
                above += (difference > 0).sum() + (difference == 0).sum() / 2
                pairs += difference.size
        values.append(above / pairs if pairs else 0.5)
    return float(np.mean(values)), float(np.std(values) / np.sqrt(_SPLITS))


def _resolvent(features: np.ndarray, targets: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """Return the inverse of the ridge kernel, as a function of items that gives their block, and it times targets."""
    count, size = features.shape
    if count <= size:
        inverse = np.linalg.inv(_kernel(features) + _RIDGE * np.eye(count))
        return lambda items: inverse[np.ix_(items, items)], inverse @ targets
    # Many items of few features: by the Woodbury identity, no matrix of all items is needed.
    inner = np.linalg.inv(features.T @ features + _RIDGE * np.eye(size))

    def block(items: np.ndarray) -> np.ndarray:
        part = features[items]
        return (np.eye(len(items)) - part @ inner @ part.T) / _RIDGE

    return block, (targets - features @ (inner @ (features.T @ targets))) / _RIDGE


def smoothed(features: np.ndarray) -> np.ndarray:
    """Return the kernel by which ridge regression smooths targets, with zeros in its diagonal, shape (items, items)."""
    kernel = _kernel(features)
    result = kernel @ np.linalg.inv(kernel + _RIDGE * np.eye(len(kernel)))
    np.fill_diagonal(result, 0)
    return result


def accuracies(features: np.ndarray, targets: Sequence[str]) -> np.ndarray:
    """Return for each item whether a one-against-rest ridge classifier, trained on other folds, finds its target."""
    names, indices = np.unique(np.asarray(targets), return_inverse=True)
    one_hot = np.eye(len(names))[indices]
    folds = folds_of([0] * len(targets), 0)
    scores = _predictions(_kernel(features), one_hot, folds)
    best = scores == scores.max(axis=1, keepdims=True)
    return best[np.arange(len(targets)), indices] / best.sum(axis=1)


def choice_accuracies(features: np.ndarray, right: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return for each row whether a conditional logit, trained on other groups' rows, picks the right choice.

    Args:
        features: of every choice, shape (rows, choices, features); padding is not supported.
        right: index of the right choice of each row.
        groups: of each row; those of one group are in one fold.
    """
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    folds = folds_of([0] * len(names), 0)[members]
    spread = features.std(axis=(0, 1))
    features = (features - features.mean(axis=1, keepdims=True)) / np.where(spread > 1e-9, spread, 1)
    result = np.zeros(len(features))
    for fold in range(FOLDS):
        test = folds == fold
        weights = _conditional_logit(features[~test], right[~test])
        scores = np.round(features[test] @ weights, _DIGITS)
        best = scores == scores.max(axis=1, keepdims=True)
        result[test] = best[np.arange(test.sum()), right[test]] / best.sum(axis=1)
    return result


def _conditional_logit(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the weights that make the right choices likeliest, with an L2 penalty; Newton's method."""
    weights = np.zeros(features.shape[2])
    if not len(features):
        return weights
    chosen = features[np.arange(len(features)), right]
    for _ in range(_STEPS):
        scores = features @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        means = np.einsum("nc,ncf->nf", chances, features)
        gradient = (chosen - means).sum(axis=0) - _RIDGE * weights
        flat = features.reshape(-1, features.shape[2])
        hessian = (flat * chances.reshape(-1, 1)).T @ flat - means.T @ means
        step = np.linalg.solve(hessian + _RIDGE * np.eye(len(weights)), gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _kernel(features: np.ndarray) -> np.ndarray:
    return (features @ features.T).astype(float)


def _predictions(kernel: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Return the predictions of ridge regression for items of each fold from all others, rounded."""
    scores = np.zeros_like(targets)
    for fold in range(FOLDS):
        test, train = folds == fold, folds != fold
        if not test.any() or not train.any():
            continue
        mean = targets[train].mean(axis=0)
        # Kernel ridge on centered targets; the penalty is in units of a row's squared length, which is about 1.
        dual = np.linalg.solve(kernel[np.ix_(train, train)] + _RIDGE * np.eye(train.sum()), targets[train] - mean)
        scores[test] = mean + kernel[np.ix_(test, train)] @ dual
    return np.round(scores, _DIGITS)
