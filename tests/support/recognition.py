"""Who is in a picture? Gradients of the head's crop, weighed by what told other people apart; the nearest one is named.

A grey crop of the head becomes histograms of oriented gradients, normalised in each neighbourhood, so neither colour
nor brightness counts. Linear discriminant analysis, fitted on people who are not in the test, says which differences
are between people and which between pictures of one person. A gallery holds one picture per person.
"""

import numpy as np
from PIL import Image

SIZE = (95, 110)  # of the grey crop
CELL, BINS = 5, 12


def grey_crop(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    """The box of a picture in grey, (110, 95), 0..255."""
    return np.asarray(picture.convert("L").resize(SIZE, Image.Resampling.BOX, box=box))


def gradient_histograms(grey: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005), signed, of one grey picture: a vector."""
    down, right = np.gradient(np.sqrt(grey.astype(np.float32)))
    strength = np.hypot(down, right)
    turn = (np.arctan2(down, right) / (2 * np.pi) % 1) * BINS
    lower = np.floor(turn).astype(int)
    share = turn - lower
    rows, cols = grey.shape[0] // CELL, grey.shape[1] // CELL
    planes = np.zeros((BINS, *grey.shape), np.float32)
    pixel = np.indices(grey.shape)
    planes[(lower % BINS, *pixel)] += strength * (1 - share)
    planes[((lower + 1) % BINS, *pixel)] += strength * share
    cells = planes.reshape(BINS, rows, CELL, cols, CELL).sum(axis=(2, 4))
    energy = np.pad((cells**2).sum(axis=0), 1)
    around = sum(energy[i : rows + i, j : cols + j] for i in (0, 1, 2) for j in (0, 1, 2))
    return np.sqrt(cells / (np.sqrt(around / 2) + 0.02 * CELL**2)).ravel()


class Recogniser:
    """Grey crops to unit vectors that lie close together when they show one person.

    Args:
        crops: (n, height, width) grey crops to learn from.
        people: n labels, several crops each. None of these people may be in the test.
        keep: how many directions of the variance between crops are kept first.
    """

    def __init__(self, crops: np.ndarray, people: np.ndarray, keep: int = 800):
        codes = np.unique(people, return_inverse=True)[1]
        # A mirrored person is another person: twice as many to learn from.
        codes = np.concatenate((codes, codes + codes.max() + 1))
        vectors = np.stack([gradient_histograms(c) for c in (*crops, *crops[:, :, ::-1])])
        self.mean = vectors.mean(axis=0)
        # Principal axes by way of the (n, n) products, fewer than the (d, d) ones.
        centred = vectors - self.mean
        values, turned = np.linalg.eigh(centred @ centred.T)
        kept = np.argsort(values)[::-1][: min(keep, len(vectors) // 2)]
        axes = (turned[:, kept].T @ centred) / np.sqrt(values[kept])[:, None]
        reduced = centred @ axes.T
        counts = np.bincount(codes)
        means = np.stack([np.bincount(codes, column) for column in reduced.T], axis=1) / counts[:, None]
        inside = np.cov((reduced - means[codes]).T)
        inside += 0.03 * np.trace(inside) / len(inside) * np.eye(len(inside))
        values, turned = np.linalg.eigh(inside)
        white = turned / np.sqrt(values)
        between, turned = np.linalg.eigh(np.cov((means @ white).T))
        # What pictures of one person vary by shows in their mean too, divided by their number.
        signal = np.maximum(between - 1 / counts.mean(), 0)
        self.map = axes.T @ white @ turned * np.sqrt(signal / (1 + signal))

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """(n, height, width) grey crops -> (n, d) vectors of length one."""
        projected = (np.stack([gradient_histograms(c) for c in crops]) - self.mean) @ self.map
        return projected / np.linalg.norm(projected, axis=1, keepdims=True)


def nearest_is_right(gallery: np.ndarray, probes: np.ndarray, labels: np.ndarray | None = None) -> float:
    """The share of probes, 0..1, whose nearest gallery vector is of the same person.

    Args:
        gallery: (n, d), one vector per person.
        probes: (m, d).
        labels: the row of each probe's person in the gallery; probe k is of person k by default.
    """
    labels = np.arange(len(probes)) if labels is None else np.asarray(labels)
    away = (gallery**2).sum(axis=1) - 2 * probes @ gallery.T
    return float(np.mean(away.argmin(axis=1) == labels))
