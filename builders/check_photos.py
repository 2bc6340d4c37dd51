"""The perceptual half of the leak audit: whose ID photo a picture shows, and whether two profiles share one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from lethebench.builders.likeness import COARSE, STAY, SWEEP, Moves, Portrait, locate, moves, photo, portrait

_SHIFTS = moves(range(-12, 13, 4), range(-12, 13, 4), (-2.4, -1.2, 0.0, 1.2, 2.4))
_WORTH = 0.85
"""Coarse likeness at the best shift from which a pair is looked at closely: about one pair of people in a hundred."""


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
        for name, page in pages:
            view = photo(page, self.known[name].corners)
            likeness = view.vectors(COARSE, _SHIFTS) @ coarse[place[name] + 1 :].T
            for other in np.flatnonzero(likeness.max(axis=0, initial=0.0) >= _WORTH):
                other_name = names[place[name] + 1 + int(other)]
                start = _SHIFTS[[int(likeness[:, other].argmax())]]
                found, _ = locate(view, _single(self.known[other_name].vectors), start, hopeless=0.93)
                if found >= self.threshold:
                    yield name, other_name, found


def scan_of(view: str) -> str:
    """The scan that a view's name tells: empty for the first."""
    return view.partition("+")[2]


def _single(vectors: Portrait) -> Portrait:
    return Portrait(vectors.fine.astype(np.float32), vectors.coarse)


def photos(manifest_perceptual: Mapping) -> Photos:
    """An empty collection with the threshold of a manifest."""
    return Photos(threshold=float(manifest_perceptual["threshold"]))
