"""The perceptual half of the leak audit: whose ID photo a picture shows, and whether two profiles share one."""

from collections.abc import Iterable, Mapping
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

# Pairs grow with the square of the profiles, so nearly all of them must fall to a matrix product: first at coarse
# shifts and in as few numbers as tell photos apart, then, for the one in a hundred that comes near, at finer shifts.
# Measured on 1,100 photos: two scans of one photo reach 0.89 and 0.97 or more, one pair of people in 2,400
# reaches 0.88 and 0.955.
_SHIFTS = moves(range(-4, 5), range(-4, 5), (-2.0, 0.0, 2.0))  # in steps
_NEARER = moves((-1 / 3, 0, 1 / 3), (-1 / 3, 0, 1 / 3), (-0.7, 0.0, 0.7))
_STEP = 0.024  # of a photo's width: a tenth of it in every direction is searched
_NUMBERS = 128
_WORTH, _CLOSE = 0.09, 0.015  # below the threshold


@dataclass(frozen=True)
class Known:
    """A profile's photo on its first picture: where it stands and what it looks like."""

    corners: tuple[int, ...]
    vectors: Portrait


@dataclass
class Photos:
    """All profiles' photos.

    Attributes:
        threshold: likeness from which two photos count as one.
        known: profile_id -> its photo.
    """

    threshold: float
    known: dict[str, Known] = field(default_factory=dict)
    _places: dict[tuple[str, str], Moves] = field(default_factory=dict)

    def add(self, profile_id: str, page: Image.Image, corners: Iterable[int]) -> None:
        """Learns a profile's photo from its page."""
        corners = tuple(corners)
        vectors = portrait(photo(page, corners))
        # Half precision: a build of 10,000 profiles would otherwise hold 250 MB of vectors.
        self.known[profile_id] = Known(corners, Portrait(vectors.fine.astype(np.float16), vectors.coarse))

    def shows(self, profile_id: str, page: Image.Image, scan: str) -> float:
        """How alike the photo on a page and the profile's are, at the best place near the declared one.

        Args:
            scan: pages of one scan have their photo in one place, so it is looked for once.
        """
        own = self.known[profile_id]
        view = photo(page, own.corners)
        vectors = _single(own.vectors)
        if scan == "":
            likeness = float(portrait(view).fine @ vectors.fine)
            if likeness >= self.threshold:
                return likeness
        place = self._places.get((profile_id, scan))
        likeness, found = locate(view, vectors, SWEEP if place is None else place)
        if likeness < self.threshold and place is not None:
            likeness, found = locate(view, vectors)
        if likeness >= self.threshold:
            self._places[profile_id, scan] = found
        return likeness

    def whose(self, page: Image.Image) -> str | None:
        """The profile whose photo a page shows at its place, None where it is nobody's."""
        for profile_id, other in self.known.items():
            view = photo(page, other.corners)
            if locate(view, _single(other.vectors), STAY)[0] >= self.threshold:
                return profile_id
        return None

    def twins(self, pages: Iterable[tuple[str, Image.Image]]) -> Iterable[tuple[str, str, float]]:
        """Yields (profile, other profile, likeness) for each pair that shares a photo.

        Args:
            pages: (profile_id, the page that was added).
        """
        names = list(self.known)
        place = {name: number for number, name in enumerate(names)}
        coarse = np.stack([known.vectors.coarse for known in self.known.values()])
        main = np.linalg.eigh(coarse.T @ coarse)[1][:, -_NUMBERS:]
        short = coarse @ main
        for name, page in pages:
            view = photo(page, self.known[name].corners)
            first = place[name] + 1
            step = (_STEP * view.width, _STEP * view.width, 1.0)
            likeness = (view.vectors(COARSE, _SHIFTS * step) @ main) @ short[first:].T
            worth = np.flatnonzero(likeness.max(axis=0, initial=0.0) >= self.threshold - _WORTH)
            if not len(worth):
                continue
            starts = np.unique(likeness[:, worth].argmax(axis=0))
            nearer = (_SHIFTS[starts][:, None] + _NEARER).reshape(-1, 3) * step
            likeness = view.vectors(COARSE, nearer) @ coarse[first + worth].T
            for near in np.flatnonzero(likeness.max(axis=0) >= self.threshold - _CLOSE):
                other = names[first + int(worth[near])]
                start = nearer[[int(likeness[:, near].argmax())]]
                found, _ = locate(view, _single(self.known[other].vectors), start)
                if found >= self.threshold:
                    yield name, other, found


def scan_of(view: str) -> str:
    """The scan that a view's name tells: empty for the first."""
    return view.partition("+")[2]


def _single(vectors: Portrait) -> Portrait:
    return Portrait(vectors.fine.astype(np.float32), vectors.coarse)


def photos(manifest_perceptual: Mapping) -> Photos:
    """An empty collection with the threshold of a manifest."""
    return Photos(threshold=float(manifest_perceptual["threshold"]))
