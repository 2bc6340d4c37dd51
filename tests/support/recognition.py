"""Recognize who is in a picture from the gradients of the head's crop.

A gray crop of the head becomes histograms of oriented gradients, normalized in each neighborhood, so neither color nor
brightness counts. Linear discriminant analysis, fitted on people outside the test, separates differences between people
from those between pictures of one person. A gallery holds one picture per person.
"""

import numpy as np
from PIL import Image

SIZE = (95, 110)  # of the gray crop
CELL, BINS = 5, 12


def gray_crop(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the box of a picture in gray, (110, 95), 0..255."""
    return np.asarray(picture.convert("L").resize(SIZE, Image.Resampling.BOX, box=box))


def gradient_histograms(gray: np.ndarray) -> np.ndarray:
    """Return signed histograms of oriented gradients (Dalal and Triggs, 2005), shape (BINS, rows, columns)."""
    down, right = np.gradient(np.sqrt(gray.astype(np.float32)))
    strength = np.hypot(down, right)
    turn = (np.arctan2(down, right) / (2 * np.pi) % 1) * BINS
    lower = np.floor(turn).astype(int)
    share = turn - lower
    rows, cols = gray.shape[0] // CELL, gray.shape[1] // CELL
    y, x = np.indices(gray.shape)
    cell = y // CELL * cols + x // CELL
    bins = np.concatenate((lower % BINS, (lower + 1) % BINS)) * (rows * cols) + np.concatenate((cell, cell))
    weights = np.concatenate((strength * (1 - share), strength * share))
    cells = np.bincount(bins.ravel(), weights.ravel(), BINS * rows * cols).reshape(BINS, rows, cols)
    energy = np.pad((cells**2).sum(axis=0), 1)
    around = sum(energy[i : rows + i, j : cols + j] for i in (0, 1, 2) for j in (0, 1, 2))
    return np.sqrt(cells / (np.sqrt(around / 2) + 0.02 * CELL**2))


def mirrored(histograms: np.ndarray) -> np.ndarray:
    """Return the histograms of the mirrored picture: columns reversed, each direction reflected in the vertical."""
    return histograms[(BINS // 2 - np.arange(BINS)) % BINS, :, ::-1]


class Recognizer:
    """Maps gray crops to unit vectors that are close together if they show the same person.

    Args:
        crops: (n, height, width) gray crops to fit.
        people: n labels, several crops each. None of these people may be in the test.
        keep: number of principal directions of the crops' variance to start from.
    """

    def __init__(self, crops: np.ndarray, people: np.ndarray, keep: int = 800):
        codes = np.unique(people, return_inverse=True)[1]
        # A mirrored person is another person, which doubles the data.
        codes = np.concatenate((codes, codes + codes.max() + 1))
        histograms = [gradient_histograms(crop) for crop in crops]
        vectors = np.stack([h.ravel() for h in (*histograms, *map(mirrored, histograms))])
        self.mean = vectors.mean(axis=0)
        # Principal axes from the (n, n) products, which are fewer than the (d, d) ones.
        centered = vectors - self.mean
        values, turned = np.linalg.eigh(centered @ centered.T)
        largest = np.argsort(values)[::-1][: min(keep, len(vectors) // 2)]
        axes = (turned[:, largest].T @ centered) / np.sqrt(values[largest])[:, None]
        reduced = centered @ axes.T
        counts = np.bincount(codes)
        means = np.stack([np.bincount(codes, column) for column in reduced.T], axis=1) / counts[:, None]
        inside = np.cov((reduced - means[codes]).T)
        inside += 0.03 * np.trace(inside) / len(inside) * np.eye(len(inside))
        values, turned = np.linalg.eigh(inside)
        white = turned / np.sqrt(values)
        between, turned = np.linalg.eigh(np.cov((means @ white).T))
        # The variance within a person also shows in the person's mean, divided by the number of pictures.
        signal = np.maximum(between - 1 / counts.mean(), 0)
        self.map = axes.T @ white @ turned * np.sqrt(signal / (1 + signal))

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Map (n, height, width) gray crops to (n, d) vectors of length one."""
        projected = (np.stack([gradient_histograms(crop).ravel() for crop in crops]) - self.mean) @ self.map
        return projected / np.linalg.norm(projected, axis=1, keepdims=True)


def nearest_is_right(gallery: np.ndarray, probes: np.ndarray, labels: np.ndarray | None = None) -> float:
    """Return the share of probes, 0..1, whose nearest gallery vector is of the same person.

    Args:
        gallery: (n, d), one vector per person.
        probes: (m, d).
        labels: the row of each probe's person in the gallery; probe k is of person k by default.
    """
    labels = np.arange(len(probes)) if labels is None else np.asarray(labels)
    distances = (gallery**2).sum(axis=1) - 2 * probes @ gallery.T
    return float(np.mean(distances.argmin(axis=1) == labels))


def times_chance(vectors: np.ndarray, views: int) -> float:
    """Return how many times better than chance the nearest neighbor is, over all ordered pairs of a person's views.

    Args:
        vectors: (people * views, d), the views of a person together.
        views: of each person.
    """
    pairs = [(a, b) for a in range(views) for b in range(views) if a != b]
    rates = [nearest_is_right(vectors[a::views], vectors[b::views]) for a, b in pairs]
    return float(np.mean(rates)) * len(vectors) / views


def without_head(picture: Image.Image, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return a square picture in gray, 56 x 56, with the head, the neck and hair on the shoulders painted over."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    gray = np.asarray(picture.convert("L").resize((56, 56), Image.Resampling.BOX), float).copy()
    box_around = np.array((left - 0.12 * wide, top - 0.1 * high, right + 0.12 * wide, bottom + 0.2 * high))
    x0, y0, x1, y1 = np.clip(box_around * 56 / picture.width, 0, 56).astype(int)
    gray[y0:y1, x0:x1] = 128
    return gray.ravel()
