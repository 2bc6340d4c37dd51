"""Pictures of remem: contexts kept for testing, whoever is meant in front, the person told by the head alone."""

import dataclasses
import hashlib

import numpy as np
import pytest
from PIL import Image
from recognition import Recogniser, grey_crop, nearest_is_right

from lethebench.builders.remem.plan import people, view_of
from lethebench.generation.portraits import draw_face, face_of
from lethebench.generation.portraits.framed import BEHIND, BESIDE, CONTEXTS, PORTRAIT, draw_view, framed, head_box
from lethebench.generation.portraits.papers import FRAMES, printed
from lethebench.generation.remem.questions import HELD_OUT, MULTI, SINGLE, Shot

SIZE = (112, 112)
KINDS = [(use, kind) for use, kinds in CONTEXTS.items() for kind in dict.fromkeys(kinds)]


def person(number: int):
    rng = np.random.default_rng((91, number))
    gender = ("female", "male")[number % 2]
    return draw_face(rng, gender, int(rng.integers(20, 70))), gender


def view(number: int, turn: int, use: str, kind: str | None = None):
    kinds = CONTEXTS[use]
    rng = np.random.default_rng((number, turn, use == "test"))
    return draw_view(rng, person(number)[1], kind=kind or kinds[(number + 7 * turn) % len(kinds)], use=use)


def test_training_and_testing_share_no_context_but_the_portrait_alone():
    train, test = (set(CONTEXTS[use]) for use in ("train", "test"))
    assert train & test == {PORTRAIT}
    for contexts in (train, test):  # company, papers and screens in each
        assert contexts & {BESIDE, BEHIND}
        assert contexts & {"badge", "id-card", "newspaper", "brochure", "poster"}
        assert contexts & {"phone", "laptop", "tablet", "video-call"}
    places = {use: {view(n, 0, use).scene.background.place for n in range(200)} for use in CONTEXTS}
    assert not places["train"] & places["test"]
    with pytest.raises(ValueError, match=r"'newspaper'.*'test'.*brochure"):
        draw_view(np.random.default_rng(0), "male", kind="newspaper", use="test")


@pytest.mark.parametrize(("use", "kind"), KINDS)
def test_the_head_is_where_the_box_says_and_the_picture_depends_on_the_person_there(use, kind):
    """Two people in one view: above the mouth the pictures differ inside their boxes and nowhere else."""
    drawn = view(4, 1, use, kind)
    scene = dataclasses.replace(drawn.scene, accessory=dataclasses.replace(drawn.scene.accessory, kind="none"))
    drawn = dataclasses.replace(drawn, scene=scene)
    faces = person(4)[0], person(204)[0]
    first, second = (np.asarray(framed(face, drawn, (224, 224)), int) for face in faces)
    boxes = [head_box(face, drawn, (224, 224)) for face in faces]
    changed = np.abs(first - second).max(axis=2) > 6
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 224
        assert 0 <= top < bottom <= 224
        assert changed[top:bottom, left:right].mean() > 0.2
        assert (right - left) * (bottom - top) > 0.1 * 224**2
    top = min(box[1] for box in boxes)
    mouth = int(top + 0.65 * (max(box[3] for box in boxes) - top))
    for left, upper, right, bottom in boxes:
        changed[upper:bottom, max(0, left - 2) : right + 2] = False
    assert changed[:mouth].mean() < 0.002


@pytest.mark.parametrize(("use", "kind"), [("train", BESIDE), ("test", BEHIND)])
def test_whoever_is_meant_is_the_largest_in_front_and_the_others_are_nobody(use, kind):
    for number in range(30):
        drawn = view(number, 0, use, kind)
        assert len(drawn.company) == {BESIDE: 1, BEHIND: 2}[kind]
        assert all(other.scale < 0.85 for other in drawn.company)
        assert all(abs(other.right) > 1.4 for other in drawn.company)  # no head before or behind another
    alone = dataclasses.replace(view(3, 0, use, kind), company=())
    alone = dataclasses.replace(alone, kind=PORTRAIT)
    face, (left, top, right, bottom) = person(3)[0], head_box(person(3)[0], alone, SIZE)
    first, second = (
        np.asarray(framed(face, drawn, SIZE), int)[top + 16 : bottom - 8, left + 16 : right - 16]
        for drawn in (alone, view(3, 0, use, kind))
    )
    assert np.abs(first - second).mean() < 3  # nobody hides the face


@pytest.mark.parametrize("kind", FRAMES)
def test_papers_and_screens_are_bars_and_a_portrait(kind):
    """Same paper, other person: it is the same outside of the portrait; another seed is another paper."""
    use = "train" if kind in CONTEXTS["train"] else "test"
    drawn = view(5, 2, use, kind)
    pictures = [np.asarray(framed(person(n)[0], dataclasses.replace(drawn, seed=seed), SIZE), int) for n, seed in
                ((5, 1), (205, 1), (5, 2))]  # fmt: skip
    same, other = (np.abs(pictures[0] - picture).max(axis=2) > 6 for picture in pictures[1:])
    assert same.mean() < 0.5
    assert other.mean() > 0.02


def test_newspapers_print_in_grey_and_screens_leave_colours():
    photo = framed(person(5)[0], view(5, 2, "train", PORTRAIT), SIZE)
    for kind, grey in (("newspaper", True), ("phone", False), ("badge", False)):
        pixels = np.asarray(printed(photo, kind), int)
        assert bool((np.ptp(pixels, axis=2) == 0).all()) == grey
    assert printed(photo, "badge") is photo


def test_a_hundred_pictures_of_a_person_are_all_different_and_in_every_context():
    profile = people(4, seed=0)["forget"][0].person.profile
    shots = [Shot(profile.id, SINGLE, n) for n in range(70)] + [Shot(profile.id, MULTI, n) for n in range(30)]
    views = [view_of(profile, shot) for shot in shots]
    assert {drawn.kind for drawn in views} == set(CONTEXTS["train"])
    assert len({drawn.name for drawn in views}) > 60
    small = [framed(face_of(profile), drawn, (96, 96)).tobytes() for drawn in views[::5]]
    assert len(set(small)) == len(small)
    tests = [
        view_of(profile, Shot(profile.id, f"test-{kind}", n)) for kind, many in HELD_OUT.items() for n in range(many)
    ]
    assert {drawn.kind for drawn in tests} == set(CONTEXTS["test"])
    assert not {drawn.name for drawn in tests} & {drawn.name for drawn in views}


def test_pictures_keep_their_bytes():
    """Rows of `remem` show these; a change of theirs is a new major version."""
    total = hashlib.sha256()
    for number, (use, kind) in enumerate(KINDS):
        total.update(framed(person(number)[0], view(number, 0, use, kind), (96, 96)).tobytes())
    assert total.hexdigest() == "86b10142962b09be02436e3930bf1fa6b3f14b6ff160c9deef1e5c2b62425c11"


def crops(faces, drawn, pixels):
    """Grey crops of the heads."""
    size = (pixels, pixels)
    pairs = list(zip(faces, drawn, strict=True))
    return np.stack([grey_crop(framed(face, one, size), head_box(face, one, size)) for face, one in pairs])


def taught(teachers: int, views: int, pixels: int) -> Recogniser:
    """A recogniser that has learnt on other people what pictures of one person vary by."""
    wanted = [(n, turn, use) for n in range(1000, 1000 + teachers) for turn in range(views) for use in CONTEXTS]
    seen = crops([person(n)[0] for n, _, _ in wanted], [view(*which) for which in wanted], pixels)
    return Recogniser(seen, np.array([n for n, _, _ in wanted]))


def told_apart(profiles, recogniser, *, known: int, asked: int, pixels: int) -> float:
    """The share of held-out pictures whose person is told from so many training pictures of each."""
    gallery, probes = [], []
    for profile in profiles:
        shots = [Shot(profile.id, SINGLE, n) for n in range(known)]
        shots += [Shot(profile.id, f"test-{kind}", n) for kind, many in HELD_OUT.items() for n in range(many)][:asked]
        vectors = recogniser(crops([face_of(profile)] * len(shots), [view_of(profile, shot) for shot in shots], pixels))
        gallery.append(vectors[:known].mean(axis=0))
        probes.append(vectors[known:])
    gallery = np.stack(gallery)
    gallery /= np.linalg.norm(gallery, axis=1, keepdims=True)
    return nearest_is_right(gallery, np.concatenate(probes), np.arange(len(profiles)).repeat(len(probes[0])))


def identities(count: int, seed: int):
    found = people(count, seed=seed)
    return [place.person.profile for role in ("forget", "retain") for place in found[role]]


def test_eight_people_are_told_apart_on_unseen_contexts():
    assert told_apart(identities(8, 0), taught(12, 2, 96), known=4, asked=3, pixels=96) > 0.5  # chance is 1 in 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_twenty_are_told_apart_on_all_held_out_pictures(seed):
    """Grey crops of the head; unseen places, clothes and contexts; ten training pictures of each are known."""
    share = told_apart(identities(20, seed), taught(60, 4, 224), known=10, asked=28, pixels=224)
    print(f"seed {seed}: {share:.4f}")
    assert share >= 0.95


def without_head(face, drawn, pixels=112) -> np.ndarray:
    """The picture in grey with the head, the neck and hair that falls on the shoulders painted over."""
    picture = framed(face, drawn, (pixels, pixels))
    left, top, right, bottom = head_box(face, drawn, (pixels, pixels))
    wide, high = right - left, bottom - top
    grey = np.asarray(picture.convert("L").resize((56, 56), Image.Resampling.BOX), float)
    box = np.array((left - 0.12 * wide, top - 0.1 * high, right + 0.12 * wide, bottom + 0.2 * high)) * 56 / pixels
    x0, y0, x1, y1 = np.clip(box, 0, 56).astype(int)
    grey[y0:y1, x0:x1] = 128
    return grey.ravel()


@pytest.mark.slow
def test_the_picture_without_the_person_tells_nothing():
    """Sixty people, eight pictures of each in half training and half held-out contexts: at most three times chance."""
    wanted = [(n, turn, use) for n in range(60) for turn in range(4) for use in CONTEXTS]
    rest = np.stack([without_head(person(n)[0], view(n, turn, use)) for n, turn, use in wanted])
    pairs = [(a, b) for a in range(8) for b in range(8) if a != b]
    rate = 60 * float(np.mean([nearest_is_right(rest[a::8], rest[b::8]) for a, b in pairs]))
    print(f"{rate:.1f} times chance")
    assert rate <= 3
