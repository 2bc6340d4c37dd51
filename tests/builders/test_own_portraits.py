"""mllmu and remem over a user's own faces: who gets which, provenance, one picture of a person, and refusals."""

import json
import logging
from collections import defaultdict
from hashlib import sha256

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import lethe
from model_writer import writing
from PIL import Image

from lethebench.builders import BuildError, build, verify
from lethebench.builders.mllmu.builder import SIZE, draw
from lethebench.builders.own_portraits import own_portraits
from lethebench.generation.questions.records import Profile

SIZES = {"mllmu": 40, "remem": 4}
PEOPLE = {"mllmu": 48, "remem": 8}
OPTIONS = {"mllmu": {}, "remem": {"qa": 6, "pixels": 96}}


def face(path, number, size=(80, 100)):
    """A JPEG of noise, one for each number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(0, 255, (10, 8, 3), np.uint8)
    Image.fromarray(noise).resize(size).save(path)


def faces(root, count, pictures):
    """A folder of `count` people; every third has one picture, the others `pictures`."""
    for number in range(count):
        if number % 3 == 0:
            face(root / f"face {number:03d}.png", 100 * number)
        for turn in range(pictures if number % 3 else 0):
            face(root / f"face {number:03d}" / "more" / f"{turn}.jpg", 100 * number + turn)
    return root


def person(number, name):
    return Profile(f"person-{number:04d}", "person", name, {}, {}, seed=number)


@pytest.fixture(scope="module", params=[pytest.param("mllmu", marks=pytest.mark.slow), "remem"])
def own_build(request, tmp_path_factory):
    """(name, folder of the build, folder of the faces); tests only read them."""
    folder = tmp_path_factory.mktemp(request.param)
    root = faces(folder / "own faces", PEOPLE[request.param], 3)
    make(request.param, root, folder / "build")
    return request.param, folder / "build", root


def make(name, root, out, **options):
    return build(name, out, size=SIZES[name], options={**OPTIONS[name], "portraits": str(root), **options})


def rows(folder, pattern):
    return [row for path in sorted(folder.glob(f"{pattern}-*.parquet")) for row in pq.read_table(path).to_pylist()]


def people_of(folder):
    return [row for row in rows(folder, "profiles/*") if row["domain"] == "person"]


def test_own_faces_replace_the_drawn_ones(own_build):
    name, folder, _ = own_build
    assert verify(folder).problems == []
    uses = defaultdict(set)
    people = {row["profile_id"] for row in people_of(folder)}
    for row in rows(folder, "qa/*"):
        if row["profile_id"] in people:
            use = "test" if row["id"].split("/")[2] == "test" else "train"
            uses[row["profile_id"], use] |= {picture["bytes"] for picture in row["images"]}
            assert all("given:" in view for view in row["views"])
    assert len(people) == PEOPLE[name]
    for person_id in people:
        assert uses[person_id, "train"]
        assert not uses[person_id, "train"] & uses[person_id, "test"]


def test_profiles_state_where_faces_come_from(own_build):
    name, folder, root = own_build
    stated = {}
    for profile in people_of(folder):
        assert profile["portrait"] == []
        details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
        own = {key.removeprefix("picture:"): text for key, text in details.items() if key.startswith("picture:")}
        assert len({path.split("/")[0] for path in own}) == 1
        assert not stated.keys() & own.keys()
        stated |= own
    pictures = [path for path in root.rglob("*") if path.is_file()]
    if name == "remem":
        assert len(stated) == len(pictures)
    for path in pictures:
        text = stated.get(path.relative_to(root).as_posix())
        if text is not None:
            digest, size, kind_and_use = text.split(", ", 2)
            assert digest == f"sha256 {sha256(path.read_bytes()).hexdigest()}"
            assert size == "80 x 100"
            assert kind_and_use.split(", in ")[1] in ("train", "test", "train and test")


def test_build_holds_no_local_path(own_build):
    _, folder, root = own_build
    for path in folder.rglob("*"):
        if path.is_file():
            assert str(root.parent).encode() not in path.read_bytes(), path.name
    card = (folder / "README.md").read_text()
    assert "license: other" in card
    assert "--option portraits=DIR" in card
    assert "are not ours" in card
    assert json.loads((folder / "manifest.json").read_text())["options"]["portraits"] == "DIR"


def test_only_picture_of_a_person_is_mirrored_in_test(tmp_path):
    face(tmp_path / "a.png", 1, SIZE)
    subject = person(0, "Ana Reis")
    chosen = own_portraits(tmp_path, [subject])
    (train, name), (test, test_name) = (draw(subject, use, chosen) for use in ("train", "test"))
    assert (name, test_name) == ("given:00", "given:00,mirrored")
    assert np.array_equal(np.asarray(train), np.asarray(Image.open(tmp_path / "a.png")))
    assert np.array_equal(np.asarray(train), np.asarray(test)[:, ::-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_bytes_depend_on_neither_folder_nor_processes(name, tmp_path):
    root = faces(tmp_path / "faces", PEOPLE[name], 2)
    first = make(name, root, tmp_path / "first")
    root.rename(tmp_path / "elsewhere")
    values = {**OPTIONS[name], "portraits": str(tmp_path / "elsewhere")}
    second = build(name, tmp_path / "second", size=SIZES[name], options=values, num_proc=2, preview=True)
    assert second.files.keys() - first.files.keys() == {"preview.png"}
    assert all(second.files[file] == first.files[file] for file in first.files if file.endswith(".parquet"))


def test_faces_go_to_people_by_id_by_name_and_in_order(tmp_path):
    people = [person(0, "Ana Reis"), person(1, "José Duarte"), person(2, "Mia Lund"), person(3, "Tom Berg")]
    for number, name in enumerate(("zoe.jpg", "JOSE\u0301_duarte/a.jpg", "Person-0003/b.png", "adam/x.jpg")):
        face(tmp_path / name, number)
    chosen = own_portraits(tmp_path, people)
    named = {
        person_id: uses["train"][0].path.relative_to(tmp_path).parts[0] for person_id, uses in chosen.photos.items()
    }
    assert named == {
        "person-0000": "adam",
        "person-0001": "JOSE\u0301_duarte",
        "person-0002": "zoe.jpg",
        "person-0003": "Person-0003",
    }


def test_faces_named_for_people_of_another_build_stay_unused(tmp_path, caplog):
    for number in (0, 1, 7):
        face(tmp_path / f"person-{number:04d}.jpg", number)
    with caplog.at_level(logging.WARNING):
        chosen = own_portraits(tmp_path, [person(1, "Ana Reis"), person(0, "Mia Lund")])
    assert {key: uses["train"][0].path.stem for key, uses in chosen.photos.items()} == {
        "person-0000": "person-0000",
        "person-0001": "person-0001",
    }
    assert "person-0007.jpg" in caplog.text


@pytest.mark.parametrize(("pictures", "train", "test"), [(1, 1, 1), (2, 1, 1), (3, 2, 1), (8, 6, 2), (9, 7, 2)])
def test_pictures_of_a_person_are_divided_over_the_uses(tmp_path, pictures, train, test):
    for number in range(pictures):
        face(tmp_path / "a" / f"{number}.jpg", number)
    (uses,) = own_portraits(tmp_path, [person(0, "Ana Reis")]).photos.values()
    assert [len(uses[use]) for use in ("train", "test")] == [train, test]
    assert {photo.path for photo in uses["train"]}.isdisjoint(photo.path for photo in uses["test"]) == (pictures > 1)
    held_out = own_portraits(tmp_path, [person(0, "Ana Reis")], held_out=["person-0000"])
    assert list(held_out.photos["person-0000"]) == ["train"]


def broken(root):
    (root / "face 001" / "more" / "1.jpg").write_bytes(b"\xff\xd8\xff no picture")


def twice(root):
    (root / "face 002" / "more" / "0.jpg").unlink()
    (root / "face 002" / "more" / "0.jpg").write_bytes((root / "face 000.png").read_bytes())


def same_pixels(root):
    Image.open(root / "face 000.png").save(root / "face 002" / "more" / "0.bmp")


def link(root):
    outside = root.parent / "outside.jpg"
    face(outside, 999)
    (root / "face 001" / "more" / "0.jpg").unlink()
    (root / "face 001" / "more" / "0.jpg").symlink_to(outside)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (broken, "face 001/more/1.jpg: does not decode"),
        (twice, "is the same picture as face 000.png"),
        (same_pixels, "is the same picture as face 000.png"),
        (link, "face 001/more/0.jpg: is a link out of the folder"),
    ],
    ids=["broken", "twice", "same pixels", "link"],
)
def test_faces_that_cannot_be_used_are_listed(tmp_path, damage, says):
    root = faces(tmp_path / "faces", PEOPLE["remem"], 2)
    damage(root)
    with pytest.raises(BuildError) as error:
        make("remem", root, tmp_path / "build")
    assert str(error.value).startswith("portraits=faces: 1 problem: ")
    assert says in str(error.value)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("name", SIZES)
def test_too_few_faces_are_refused_in_one_line(name, tmp_path):
    root = faces(tmp_path / "faces", PEOPLE[name] - 2, 1)
    result = lethe("build", name, "--size", SIZES[name], "--option", f"portraits={root}", "--out", tmp_path / "build")
    assert result.status == 2
    assert f"{PEOPLE[name] - 2} people with pictures; this build has {PEOPLE[name]}, " in result.line
    assert "for each of the other 2, or build a smaller --size" in result.line
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("name", SIZES)
def test_missing_folder_of_faces_is_refused(name, tmp_path):
    with pytest.raises(BuildError, match="no such folder"):
        make(name, tmp_path / "nowhere", tmp_path / "build")


@pytest.mark.slow
def test_written_people_have_own_faces_checked_before_the_model_is_asked(tmp_path):
    root = faces(tmp_path / "faces", PEOPLE["remem"] - 1, 1)
    words = ("build", "remem", "--size", "small", "--option", "qa=6", "--option", "pixels=96", "--out", tmp_path / "b",
             "--option", f"portraits={root}", "--writer", "openai:m")  # fmt: skip
    with writing() as server:
        result = lethe(*words, "--base-url", server.url)
        assert (result.status, server.requests) == (2, [])
        assert "for each of the other 1, or build" in result.line
        face(root / "another.jpg", 999)
        assert lethe(*words, "--base-url", server.url).status == 0
    assert verify(tmp_path / "b").problems == []
    assert all("given:" in view for row in rows(tmp_path / "b", "qa/*") for view in row["views"])
