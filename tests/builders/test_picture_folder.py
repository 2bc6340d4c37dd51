"""Folders of pictures as people have them: spelled by another system, nested, with files that are no pictures."""

import logging
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from pictures import saved
from PIL import Image

from lethebench.builders import BuildError
from lethebench.builders.imports.shared.picture_folder import ENDINGS, PictureFolder, readable
from lethebench.builders.mlu.own_pictures import own_pictures
from lethebench.builders.mlu.plan import LEAST_VIEWS, entities

EVERYONE = [profile for tasks in entities(127, seed=0).values() for group in tasks.values() for profile in group]
ACCENTED = next(profile for profile in EVERYONE if "é" in profile.details["released_as"])
BEAR = next(profile for profile in EVERYONE if profile.details["released_as"] == "Animals/Bear")
BEARS, ACCENTS = (profile.details["released_as"] for profile in (BEAR, ACCENTED))
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def noise(number: int, kind: str = "PNG") -> bytes:
    return saved(Image.fromarray(np.random.default_rng(number).integers(0, 256, (9, 9, 3), np.uint8)), kind)


def write(folder: Path, count: int = LEAST_VIEWS, ending: str = ".png", kind: str = "PNG") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}{ending}").write_bytes(noise(number, kind))
    return folder


def found(root: Path, profile=BEAR) -> list[str]:
    """The names of an entity's pictures, as noted in its profile."""
    return list(own_pictures(root, [profile])[1][profile.id])


@pytest.mark.parametrize("form", ["NFC", "NFD", "latin-1", "upper case"])
def test_entity_folder_is_found_in_any_spelling(tmp_path, form):
    name = unicodedata.normalize("NFC", ACCENTS)
    spelled = {"NFC": name, "NFD": unicodedata.normalize("NFD", name), "upper case": name.upper(),
               "latin-1": os.fsdecode(name.encode("latin-1"))}[form]  # fmt: skip
    write(tmp_path / spelled)
    assert found(tmp_path, ACCENTED) == [f"{ACCENTS}/{number}.png" for number in range(LEAST_VIEWS)]


@pytest.mark.parametrize(
    ("ending", "kind"),
    [(".JPG", "JPEG"), (".jfif", "JPEG"), (".Jpeg", "JPEG"), (".avif", "AVIF"), (".TIF", "TIFF"), (".jp2", "JPEG2000"),
     (".webp", "WEBP"), (".gif", "GIF"), (".bmp", "BMP"), (".png", "JPEG")],
)  # fmt: skip
def test_pictures_of_every_format_are_found(tmp_path, ending, kind):
    write(tmp_path / BEARS, ending=ending, kind=kind)
    assert len(found(tmp_path)) == LEAST_VIEWS


def test_endings_are_in_lower_case():
    assert all(ending == ending.lower() for ending in ENDINGS)


def test_pictures_of_subfolders_are_found(tmp_path):
    write(tmp_path / BEARS, LEAST_VIEWS - 1)
    (write(tmp_path / BEARS / "more" / "2020", 0) / "0.png").write_bytes(noise(99))
    assert f"{BEARS}/more/2020/0.png" in found(tmp_path)


def test_names_of_any_bytes_stay_apart(tmp_path):
    folder = write(tmp_path / BEARS)
    for number, name in enumerate([b"caf\xe9.png", b"caf\xe8.png"]):
        (folder / os.fsdecode(name)).write_bytes(noise(50 + number))
    assert {f"{BEARS}/café.png", f"{BEARS}/cafè.png"} <= set(found(tmp_path))
    assert readable("cafe\u0301") == "café"


def test_files_passed_over_are_counted_and_named(tmp_path, caplog):
    folder = write(tmp_path / BEARS)
    for name in (".DS_Store", "._0.png", "Thumbs.db", "notes.txt", "page.html"):
        (folder / name).write_bytes(b"<html>")
    write(tmp_path / "Animals" / "Beer", 2)
    with caplog.at_level(logging.WARNING):
        assert len(found(tmp_path)) == LEAST_VIEWS
    (record,) = caplog.records
    assert "5 no pictures by their name (Animals/Bear/.DS_Store, Animals/Bear/._0.png, " in record.message
    assert "2 in folders of no entity of this build (Animals/Beer/0.png, Animals/Beer/1.png)" in record.message


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("IMG_1.HEIC", HEIC, "does not decode: HEIC is not supported: convert it to JPEG or PNG"),
        ("a.jxl", b"\xff\x0a" + b"\1" * 20, "does not decode: JPEG XL is not supported"),
        ("a.jpg", b"<!doctype html><title>403</title>", "does not decode: an HTML page, not a picture"),
        ("a.jpg", b"", "does not decode: an empty file"),
        ("a.avif", noise(1, "AVIF")[:-40], "does not decode: "),
        ("deep.tif", saved(Image.new("I", (9, 9)), "TIFF"), "range is not known: convert it to 8 bits"),
    ],
)
def test_unreadable_pictures_are_named(tmp_path, name, content, reason):
    (write(tmp_path / BEARS) / name).write_bytes(content)
    with pytest.raises(BuildError, match="1 problem") as caught:
        found(tmp_path)
    assert f"{BEARS}/{name}: " in str(caught.value)
    assert reason in str(caught.value)
    assert " at 0x" not in str(caught.value)


@pytest.mark.parametrize("link", ["Animals", "Animals/Bear", "Animals/Bear/more", "Animals/Bear/8.png"])
def test_links_out_of_the_folder_are_refused(tmp_path, link):
    outside = write(tmp_path / "outside" / "Bear", LEAST_VIEWS)
    root = tmp_path / "own"
    write(root / BEARS if link.startswith("Animals/Bear/") else root)
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to({"Animals": outside.parent, "Animals/Bear/8.png": outside / "0.png"}.get(link, outside))
    with pytest.raises(BuildError, match="is a link out of the folder"):
        found(root)


def test_link_to_a_folder_above_ends(tmp_path):
    (write(tmp_path / BEARS) / "loop").symlink_to(tmp_path)
    assert len(found(tmp_path)) == LEAST_VIEWS


def test_one_picture_in_two_spellings_is_refused(tmp_path):
    folder = write(tmp_path / BEARS)
    for number, form in enumerate(["NFC", "NFD"]):
        (folder / unicodedata.normalize(form, "é.png")).write_bytes(noise(60 + number))
    with pytest.raises(BuildError, match="is there twice, in two spellings"):
        found(tmp_path)


def test_exact_spelling_comes_first(tmp_path):
    for name in ("a/0.png", "A/0.png", "A/1.png"):
        write((tmp_path / name).parent, 0)
        (tmp_path / name).write_bytes(b"")
    folder = PictureFolder(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in folder.find("a/0.png")] == ["a/0.png"]
    assert [path.relative_to(tmp_path).as_posix() for path in folder.find("a/1.PNG")] == ["A/1.png"]
    assert folder.find("b/0.png") == []
