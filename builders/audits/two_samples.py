"""Audit whether the roles of a build can be told apart, by texts or by pictures, where membership should be all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lethebench.builders.audits.choices import words
from lethebench.builders.audits.linear import auc, bag, standardized
from lethebench.builders.audits.sample import Sample
from lethebench.contract.image_reader import PictureError, read_picture
from lethebench.contract.parquet import parquet_rows

BAND = 0.05
"""How far an AUC may be from .5."""
LEAST_SUBJECTS = 15
ERRORS = 2.0
"""Standard errors by which it must be further away to count."""
PAIRS = (("forget", "retain"), ("forget", "holdout"), ("retain", "holdout"))
_LEAST_TEXTS = 4  # subjects with a word
_PICTURES, _MOST_PICTURES = 1_800, 12  # in all, and of one subject
_SIDE, _CELLS, _DIRECTIONS = 64, 4, 8


def text_features(sample: Sample) -> dict[str, np.ndarray]:
    """Return subject -> a unit vector of the words of its questions and answers.

    Names of subjects are left out, and words of few subjects: both tell who belongs together, not what the roles are.
    """
    texts: dict[str, list[str]] = {name: [] for name in sample.subjects}
    for row in sample.rows:
        if row["part"] == "train":
            texts[row["profile_id"]].append(f"{row['question']} {row['answer']}")
    texts = {name: part for name, part in texts.items() if part and sample.subjects[name].role != "neighbour"}
    names = {word for subject in sample.subjects.values() for word in words(subject.values["name"])}
    bags = [(word for text in part for word in words(text) if word not in names) for part in texts.values()]
    return dict(zip(texts, bag(bags, least=_LEAST_TEXTS), strict=True))


def picture_features(folder: Path, files: Sequence[str], sample: Sample) -> dict[str, np.ndarray]:
    """Return subject -> `look` of the first pictures in its profile, shape (pictures, 176); none without a picture.

    In small builds several pictures, since one tells little about few subjects. Not the mean of all: it has less spread
    where there are more, and held-out subjects have no picture of a test.
    """
    most = picture_count(len(sample.subjects))
    looks: dict[str, np.ndarray] = {}
    for name in files:
        ids = [row["profile_id"] for row in parquet_rows(folder / name, ("profile_id",))]
        if not any(profile_id in sample.subjects for profile_id in ids):
            continue
        for row in parquet_rows(folder / name, ("profile_id", "images", "thumbnails")):
            pictures = [picture["bytes"] for picture in row["thumbnails"] + row["images"] if picture["bytes"]]
            if row["profile_id"] in sample.subjects and pictures:
                looks[row["profile_id"]] = np.array([encoded_look(data) for data in pictures[:most]])
    return looks


def picture_count(subjects: int) -> int:
    """Return the most pictures of a subject that are compared for a number of subjects."""
    return min(_MOST_PICTURES, max(1, _PICTURES // max(1, subjects)))


def encoded_look(data: bytes) -> np.ndarray:
    """Return `look` of an encoded picture, zeros if it is damaged."""
    try:
        return look(read_picture(data).image)
    except PictureError:
        return np.zeros(_CELLS * _CELLS * (3 + _DIRECTIONS))  # the check `pictures` reports it


def look(picture: Image.Image) -> np.ndarray:
    """Return mean colors and the directions of edges in a grid of 4 x 4 cells, shape (176,)."""
    small = np.asarray(picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX), float) / 255
    down, right = np.gradient(small.mean(axis=2))
    direction = ((np.arctan2(down, right) % np.pi) / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    edges = np.eye(_DIRECTIONS)[direction] * np.hypot(down, right)[..., None]
    cell = _SIDE // _CELLS
    grid = np.concatenate([small, edges], axis=2).reshape(_CELLS, cell, _CELLS, cell, 3 + _DIRECTIONS)
    return grid.mean(axis=(1, 3)).ravel()


def two_samples(features: Mapping[str, np.ndarray], sample: Sample) -> dict[str, dict[str, Any]]:
    """Return `forget/retain` etc. -> figures.

    `auc`; `error`, its standard error by chance, of one item per subject, and `split_error`, that of the
    cross-validation alone; `subjects` of each role, and how many are `compared`, those of a class that both roles have;
    whether they stand `apart`. A pair with too few subjects has `not_measured`, the reason.

    Args:
        features: subject -> one or more items, shape (features,) or (items, features); as many are used of each.
        sample: the subjects.
    """
    results: dict[str, dict[str, Any]] = {}
    counts = Counter(sample.subjects[name].role for name in features)
    items = {name: np.atleast_2d(part) for name, part in features.items()}
    for one, other in PAIRS:
        few = [f"{counts[role]} subjects in {role}" for role in (one, other) if counts[role] < LEAST_SUBJECTS]
        if few:
            results[f"{one}/{other}"] = {"not_measured": f"{few[0]}; at least {LEAST_SUBJECTS}"}
            continue
        members = [name for name in items if sample.subjects[name].role in (one, other)]
        size = min(len(items[name]) for name in members)
        units = [name for name in members for _ in range(size)]
        labels = [int(sample.subjects[name].role == one) for name in units]
        domains = [sample.subjects[name].domain for name in units]
        rows = np.concatenate([items[name][:size] for name in members])
        value, split_error = auc(standardized(rows, domains), labels, domains, units)
        error = chance_error(labels[::size], domains[::size])
        kinds = set(zip(labels, domains, strict=True))
        shared = Counter(
            label for label, domain in zip(labels[::size], domains[::size], strict=True) if (1 - label, domain) in kinds
        )
        results[f"{one}/{other}"] = {
            "auc": round(value, 3),
            "error": round(error, 3),
            "split_error": round(split_error, 3),
            "subjects": [counts[one], counts[other]],
            "compared": [shared[1], shared[0]],
            "apart": bool(abs(value - 0.5) > BAND + ERRORS * error),
        }
    return results


def chance_error(labels: Sequence[int], groups: Sequence[str]) -> float:
    """Return the standard error of an AUC within groups by chance (Mann and Whitney, 1947)."""
    pairs = variance = 0.0
    for group in set(groups):
        counts = Counter(label for label, other in zip(labels, groups, strict=True) if other == group)
        own = counts[0] * counts[1]
        pairs, variance = pairs + own, variance + own * (counts.total() + 1) / 12
    return float(np.sqrt(variance) / pairs) if pairs else 0.5
