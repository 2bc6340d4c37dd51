"""Pictures of remem: held-out contexts, the person in front, recognition by the head alone."""

import dataclasses
import hashlib

import numpy as np
import pytest
from recognition import Recognizer, gray_crop, nearest_is_right, times_chance, without_head

from lethebench.builders.remem.plan import people, view_of
from lethebench.generation.portraits import draw_face, face_of
from lethebench.generation.portraits.framed import BEHIND, BESIDE, CONTEXTS, PORTRAIT, draw_view, framed, head_box
from lethebench.generation.portraits.papers import FRAMES, printed
from lethebench.generation.remem.questions import HELD_OUT, MULTI, SINGLE, Shot

SIZE = (112, 112)
HELD_OUT_SHOTS = [(f"test-{kind}", n) for kind, count in HELD_OUT.items() for n in range(count)]
KINDS = [(use, kind) for use, kinds in CONTEXTS.items() for kind in dict.fromkeys(kinds)]


def person(number: int):
    rng = np.random.default_rng((91, number))
    gender = ("female", "male")[number % 2]
    return draw_face(rng, gender, int(rng.integers(20, 70))), gender


def view(number: int, turn: int, use: str, kind: str | None = None):
    kinds = CONTEXTS[use]
    rng = np.random.default_rng((number, turn, use == "test"))
    return draw_view(rng, person(number)[1], kind=kind or kinds[(number + 7 * turn) % len(kinds)], use=use)


def test_train_and_test_share_only_the_plain_portrait():
    train, test = (set(CONTEXTS[use]) for use in ("train", "test"))
    assert train & test == {PORTRAIT}
    for contexts in (train, test):  # company, papers and screens in each
        assert contexts & {BESIDE, BEHIND}
        assert contexts & {"badge", "id-card", "newspaper", "brochure", "poster"}
        assert contexts & {"phone", "laptop", "tablet", "video-call"}
    places = {use: {view(n, 0, use).scene.background.place for n in range(80)} for use in CONTEXTS}
    assert not places["train"] & places["test"]
    with pytest.raises(ValueError, match=r"'newspaper'.*'test'.*brochure"):
        draw_view(np.random.default_rng(0), "male", kind="newspaper", use="test")


@pytest.mark.parametrize(("use", "kind"), KINDS)
def test_pictures_of_two_people_differ_inside_the_head_box(use, kind):
    """Above the mouth, two people in one view differ inside their boxes and nowhere else."""
    sample = view(4, 1, use, kind)
    scene = dataclasses.replace(sample.scene, accessory=dataclasses.replace(sample.scene.accessory, kind="none"))
    sample = dataclasses.replace(sample, scene=scene)
    faces = person(4)[0], person(204)[0]
    first, second = (np.asarray(framed(face, sample, (112, 112)), int) for face in faces)
    boxes = [head_box(face, sample, (112, 112)) for face in faces]
    changed = np.abs(first - second).max(axis=2) > 6
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 112
        assert 0 <= top < bottom <= 112
        assert changed[top:bottom, left:right].mean() > 0.2
        assert (right - left) * (bottom - top) > 0.1 * 112**2
    top = min(box[1] for box in boxes)
    mouth = int(top + 0.65 * (max(box[3] for box in boxes) - top))
    for left, upper, right, bottom in boxes:
        changed[upper:bottom, max(0, left - 2) : right + 2] = False
    assert changed[:mouth].mean() < 0.002


@pytest.mark.parametrize(("use", "kind"), [("train", BESIDE), ("test", BEHIND)])
def test_company_is_smaller_and_never_hides_the_person(use, kind):
    for number in range(12):
        sample = view(number, 0, use, kind)
        assert len(sample.company) == {BESIDE: 1, BEHIND: 2}[kind]
        assert all(other.scale < 0.85 for other in sample.company)
        assert all(abs(other.right) > 1.4 for other in sample.company)  # no head overlaps another
    single = dataclasses.replace(view(3, 0, use, kind), company=())
    single = dataclasses.replace(single, kind=PORTRAIT)
    face, (left, top, right, bottom) = person(3)[0], head_box(person(3)[0], single, SIZE)
    first, second = (
        np.asarray(framed(face, sample, SIZE), int)[top + 16 : bottom - 8, left + 16 : right - 16]
        for sample in (single, view(3, 0, use, kind))
    )
    assert np.abs(first - second).mean() < 3  # the face is free


@pytest.mark.parametrize("kind", FRAMES)
def test_paper_depends_on_its_seed_and_not_on_the_person(kind):
    """Another person leaves the paper outside the portrait unchanged; another seed gives another paper."""
    use = "train" if kind in CONTEXTS["train"] else "test"
    sample = view(5, 2, use, kind)
    pictures = [np.asarray(framed(person(n)[0], dataclasses.replace(sample, seed=seed), SIZE), int) for n, seed in
                ((5, 1), (205, 1), (5, 2))]  # fmt: skip
    same, other = (np.abs(pictures[0] - picture).max(axis=2) > 6 for picture in pictures[1:])
    assert same.mean() < 0.5
    assert other.mean() > 0.02


def test_newspapers_print_in_gray_and_screens_in_color():
    photo = framed(person(5)[0], view(5, 2, "train", PORTRAIT), SIZE)
    for kind, gray in (("newspaper", True), ("phone", False), ("badge", False)):
        pixels = np.asarray(printed(photo, kind), int)
        assert bool((np.ptp(pixels, axis=2) == 0).all()) == gray
    assert printed(photo, "badge") is photo


def test_hundred_pictures_of_a_person_cover_every_context():
    profile = people(4, seed=0)["forget"][0].person.profile
    shots = [Shot(profile.id, SINGLE, n) for n in range(70)] + [Shot(profile.id, MULTI, n) for n in range(30)]
    views = [view_of(profile, shot) for shot in shots]
    assert {sample.kind for sample in views} == set(CONTEXTS["train"])
    assert len({sample.name for sample in views}) > 60
    small = [framed(face_of(profile), sample, (48, 48)).tobytes() for sample in views[::5]]
    assert len(set(small)) == len(small)
    tests = [view_of(profile, Shot(profile.id, kind, n)) for kind, n in HELD_OUT_SHOTS]
    assert {sample.kind for sample in tests} == set(CONTEXTS["test"])
    assert not {sample.name for sample in tests} & {sample.name for sample in views}


def test_pictures_keep_their_bytes():
    """Rows of `remem` show these; a change requires a new major version."""
    total = hashlib.sha256()
    for number, (use, kind) in enumerate(KINDS):
        total.update(framed(person(number)[0], view(number, 0, use, kind), (96, 96)).tobytes())
    assert total.hexdigest() == "624c329d22a3e1db0461709d94e7e41a84d66ffb0baff9a9c7a87193940a3ab9"


def crops(faces, samples, pixels):
    """Return gray crops of the heads."""
    size = (pixels, pixels)
    pairs = zip(faces, samples, strict=True)
    return np.stack([gray_crop(framed(face, sample, size), head_box(face, sample, size)) for face, sample in pairs])


def fitted(teachers: int, views: int, pixels: int) -> Recognizer:
    """Return a recognizer fitted on other people."""
    keys = [(n, turn, use) for n in range(1000, 1000 + teachers) for turn in range(views) for use in CONTEXTS]
    heads = crops([person(n)[0] for n, _, _ in keys], [view(*key) for key in keys], pixels)
    return Recognizer(heads, np.array([n for n, _, _ in keys]))


def recognized(profiles, recognizer, *, gallery_size: int, probe_count: int, pixels: int) -> float:
    """Return the share of held-out pictures recognized from `gallery_size` training pictures of each person."""
    gallery, probes = [], []
    for profile in profiles:
        shots = [Shot(profile.id, SINGLE, n) for n in range(gallery_size)]
        shots += [Shot(profile.id, kind, n) for kind, n in HELD_OUT_SHOTS[:probe_count]]
        vectors = recognizer(crops([face_of(profile)] * len(shots), [view_of(profile, shot) for shot in shots], pixels))
        gallery.append(vectors[:gallery_size].mean(axis=0))
        probes.append(vectors[gallery_size:])
    gallery = np.stack(gallery)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    return nearest_is_right(gallery, np.concatenate(probes), np.arange(len(profiles)).repeat(len(probes[0])))


def identities(count: int, seed: int):
    roles = people(count, seed=seed)
    return [entry.person.profile for role in ("forget", "retain") for entry in roles[role]]


def test_eight_people_are_recognized_in_unseen_contexts():
    share = recognized(identities(8, 0), fitted(10, 2, 64), gallery_size=3, probe_count=2, pixels=64)
    assert share > 0.5  # chance is 1 in 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_twenty_people_are_recognized_in_held_out_pictures(seed):
    """Places, clothes and contexts are unseen; the gallery has ten training pictures of each person."""
    share = recognized(identities(20, seed), fitted(60, 4, 224), gallery_size=10, probe_count=28, pixels=224)
    print(f"seed {seed}: {share:.4f}")
    assert share >= 0.95


@pytest.mark.slow
def test_picture_without_the_person_reveals_nothing():
    """Sixty people, four pictures of each in training and in held-out contexts: at most three times chance."""
    rests = []
    for n in range(60):
        face = person(n)[0]
        for sample in (view(n, turn, use) for turn in range(4) for use in CONTEXTS):
            rests.append(without_head(framed(face, sample, SIZE), head_box(face, sample, SIZE)))
    rate = times_chance(np.stack(rests), 8)
    print(f"{rate:.1f} times chance")
    assert rate <= 3
