"""The search for photos that two profiles share: it finds a twin wherever it was put, and takes nobody for another."""

import io

import numpy as np
from PIL import Image

from lethebench.builders.icu.builder import photo_corners
from lethebench.builders.verify.photos import Photos
from lethebench.generation.documents import render
from lethebench.generation.icu.profiles import DOMAINS, profiles
from lethebench.generation.questions.records import View


def moved(corners, right: float, down: float, degrees: float) -> list[int]:
    """Corners turned about their middle and shifted."""
    points = np.reshape(corners, (4, 2)).astype(float)
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = points.mean(axis=0)
    return ((points - middle) @ matrix.T + middle + (right, down)).round().astype(int).ravel().tolist()


def copied(page: Image.Image) -> Image.Image:
    """A page that went through another encoder, a fifth darker."""
    buffer = io.BytesIO()
    page.point(lambda level: level * 0.8).save(buffer, "JPEG", quality=60)
    return Image.open(buffer).convert("RGB")


def test_twins_are_found_up_to_12_pixels_and_2_degrees_off():
    rng = np.random.default_rng(0)
    photos, pages, planted = Photos(threshold=0.97), {}, set()
    people = [profile for domain in DOMAINS for profile in profiles(domain, 8, seed=3)]
    for number, profile in enumerate(people):
        page = render(profile, View())
        corners = photo_corners(profile, page.size)
        pages[profile.id] = page
        photos.add(profile.id, page, corners)
        if number % 2:
            twin = f"twin of {profile.id}"
            pages[twin] = copied(page)
            photos.add(twin, pages[twin], moved(corners, *rng.uniform((-12, -12, -2.4), (12, 12, 2.4))))
            planted.add((profile.id, twin))
    results = {(name, other): likeness for name, other, likeness in photos.twins(pages.items())}
    assert results.keys() == planted
    assert all(0.97 <= likeness <= 1.001 for likeness in results.values())
