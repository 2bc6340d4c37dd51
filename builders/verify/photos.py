"""Audit leaks by appearance: whose ID photo a picture shows, and whether two profiles share one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from lethebench.builders.verify.photo_similarity import (
    COARSE,
    STAY,
    SWEEP,
    Moves,
    Portrait,
    locate,
    moves,
    photo,
    portrait,
)

# The number of pairs grows with the square of the profiles, so a matrix product must rule out nearly all of them: first
# at coarse shifts and in few dimensions, then, for the one in a hundred that is close, at finer shifts.
# Measured on 1,100 photos of version 1: two scans of one photo reach 0.89 and 0.97 or more, one pair of people in 2,400
# reaches 0.88 and 0.955.
_SHIFTS = moves(range(-4, 5), range(-4, 5), (-2.0, 0.0, 2.0))  # in steps
_NEARER = moves((-1 / 3, 0, 1 / 3), (-1 / 3, 0, 1 / 3), (-0.7, 0.0, 0.7))
_STEP = 0.024  # of a photo's width: a tenth of it in every direction is searched
_DIMENSIONS = 128
_POSSIBLE, _LIKELY = 0.09, 0.015  # below the threshold


@dataclass(frozen=True)
class KnownPhoto:
    """A profile's photo on its first picture: corners and vectors."""

    corners: tuple[int, ...]
    vectors: Portrait


@dataclass
class Photos:
    """The photo of each profile; two count as the same from a similarity of `threshold`."""

    threshold: float
    by_profile: dict[str, KnownPhoto] = field(default_factory=dict)
    _moves: dict[tuple[str, str], Moves] = field(default_factory=dict)

    def add(self, profile_id: str, page: Image.Image, corners: Iterable[int]) -> None:
        """Add a profile's photo, given its page and the corners of the photo."""
        edges = tuple(corners)
        vectors = portrait(photo(page, edges))
        # Half precision: a build of 10,000 profiles would otherwise hold 250 MB of vectors.
        self.by_profile[profile_id] = KnownPhoto(edges, Portrait(vectors.fine.astype(np.float16), vectors.coarse))

    def similarity(self, profile_id: str, page: Image.Image, scan: str) -> float:
        """Return how similar the photo on a page is to the profile's, at the best place near the declared one.

        Pages of one `scan` have their photo in the same place, so it is searched once.
        """
        own = self.by_profile[profile_id]
        view = photo(page, own.corners)
        vectors = _single(own.vectors)
        if scan == "":
            similarity = float(portrait(view).fine @ vectors.fine)
            if similarity >= self.threshold:
                return similarity
        move = self._moves.get((profile_id, scan))
        similarity, best = locate(view, vectors, SWEEP if move is None else move)
        if similarity < self.threshold and move is not None:
            similarity, best = locate(view, vectors)
        if similarity >= self.threshold:
            self._moves[profile_id, scan] = best
        return similarity

    def owner(self, page: Image.Image) -> str | None:
        """Return the profile whose photo a page shows, None if there is none."""
        for profile_id, other in self.by_profile.items():
            view = photo(page, other.corners)
            if locate(view, _single(other.vectors), STAY)[0] >= self.threshold:
                return profile_id
        return None

    def twins(self, pages: Iterable[tuple[str, Image.Image]]) -> Iterable[tuple[str, str, float]]:
        """Yield (profile, other profile, similarity) for each pair that shares a photo; `pages` have profile ids."""
        names = list(self.by_profile)
        index_of = {name: index for index, name in enumerate(names)}
        coarse = np.stack([photo.vectors.coarse for photo in self.by_profile.values()])
        components = np.linalg.eigh(coarse.T @ coarse)[1][:, -_DIMENSIONS:]
        reduced = coarse @ components
        for name, page in pages:
            view = photo(page, self.by_profile[name].corners)
            first = index_of[name] + 1
            step = (_STEP * view.width, _STEP * view.width, 1.0)
            similarity = (view.vectors(COARSE, _SHIFTS * step) @ components) @ reduced[first:].T
            possible = np.flatnonzero(similarity.max(axis=0, initial=0.0) >= self.threshold - _POSSIBLE)
            if not len(possible):
                continue
            starts = np.unique(similarity[:, possible].argmax(axis=0))
            nearer = (_SHIFTS[starts][:, None] + _NEARER).reshape(-1, 3) * step
            similarity = view.vectors(COARSE, nearer) @ coarse[first + possible].T
            for column in np.flatnonzero(similarity.max(axis=0) >= self.threshold - _LIKELY):
                other = names[first + int(possible[column])]
                start = nearer[[int(similarity[:, column].argmax())]]
                best, _ = locate(view, _single(self.by_profile[other].vectors), start)
                if best >= self.threshold:
                    yield name, other, best


def within(page: Image.Image, corners: Sequence[int]) -> bool:
    """Return whether a list holds the x and y of four corners on a page."""
    return len(corners) == 8 and all(0 <= edge <= page.size[index % 2] for index, edge in enumerate(corners))


def scan_of(view: str) -> str:
    """Return the scan in the name of a view: empty for the first."""
    return view.partition("+")[2]


def _single(vectors: Portrait) -> Portrait:
    return Portrait(vectors.fine.astype(np.float32), vectors.coarse)
