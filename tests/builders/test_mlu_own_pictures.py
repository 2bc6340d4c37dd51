"""mlu over pictures of the user's own: splits, provenance, stripped metadata, and refusals that name the file."""

import io
import json
import os
from hashlib import sha256

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lethebench.builders import BuildError, build, verify
from lethebench.builders.mlu.plan import LEAST_VIEWS, entities

SECRET = "taken at home"
MORE = 12
"""Pictures of the first entity; the others have the least."""


def write(path, number):
    """A JPEG of noise with metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
    picture = Image.fromarray(noise).resize((64, 48))
    exif = Image.Exif()
    exif[0x010E] = SECRET
    picture.save(path, exif=exif)


def own_pictures(folder):
    """A folder of pictures per entity, and the names of the entities."""
    everyone = [profile for tasks in entities(8, seed=0).values() for members in tasks.values() for profile in members]
    names = [profile.details["released_as"] for profile in everyone]
    for index, name in enumerate(names):
        for number in range(LEAST_VIEWS if index else MORE):
            write(folder / "own" / name / f"view {number}.jpg", 100 * index + number)
    (folder / "own" / names[0] / "notes.txt").write_text("no picture")
    return folder / "own", names


@pytest.fixture
def pictures(tmp_path):
    return own_pictures(tmp_path)


@pytest.fixture(scope="module")
def own_build(tmp_path_factory):
    """A build over own pictures that tests only read, its manifest, and what `own_pictures` gave."""
    folder = tmp_path_factory.mktemp("made")
    root, names = own_pictures(folder)
    return folder / "build", make(root, folder / "build"), root, names


def make(pictures, out, *, preview=False):
    return build("mlu", out, size=8, options={"pictures": str(pictures)}, preview=preview)


def read(folder, group):
    return [row for path in sorted(folder.glob(f"{group}-*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_own_pictures_replace_the_drawn_ones(own_build):
    folder, manifest, _, names = own_build
    assert verify(folder).problems == []
    counts = manifest.paper_counts
    assert counts["pictures"] == MORE + LEAST_VIEWS * (len(names) - 1)
    rows = {use: read(folder, f"qa/{use}forget") + read(folder, f"qa/{use}retain") for use in ("", "test-")}
    used = {use: {row["images"][0]["bytes"] for row in results} for use, results in rows.items()}
    assert not used[""] & used["test-"]
    assert {view.split(",")[0] for results in rows.values() for row in results for view in row["views"]} <= {
        f"given:view {number}.jpg" for number in range(MORE)
    }
    first = Image.open(io.BytesIO(rows[""][0]["images"][0]["bytes"]))
    assert (first.size, dict(first.getexif())) == ((64, 48), {})


def test_own_pictures_have_provenance(own_build):
    folder, _, root, names = own_build
    profiles = read(folder, "profiles/forget") + read(folder, "profiles/retain")
    released = set()
    for profile in profiles:
        details = {pair["attribute"]: pair["value"] for pair in profile["details"]}
        released.add(name := details["released_as"])
        for path in (root / name).glob("*.jpg"):
            digest = sha256(path.read_bytes()).hexdigest()
            assert details[f"picture:{name}/{path.name}"] == f"sha256 {digest}, 64 x 48, JPEG"
        assert len(profile["images"]) + len(profile["thumbnails"]) == len(list((root / name).glob("*.jpg")))
        assert profile["portrait"] == []
    assert released == set(names)


def test_own_build_holds_no_local_path(own_build):
    folder, *_ = own_build
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(folder.parent).encode() not in content, path.name
            assert SECRET.encode() not in content, path.name
    card = (folder / "README.md").read_text()
    assert "license: other" in card
    assert "--option pictures=DIR" in card
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["licences"]["pictures"].startswith("as whoever gave them says")


@pytest.mark.slow
def test_own_build_does_not_depend_on_the_folder(pictures, tmp_path):
    root, _ = pictures
    first = make(root, tmp_path / "first", preview=True)
    root.rename(tmp_path / "elsewhere")
    assert make(tmp_path / "elsewhere", tmp_path / "second", preview=True).files == first.files


def test_picture_names_of_any_bytes(pictures, tmp_path):
    """A name that is not UTF-8 is read as Latin-1; control characters stay."""
    root, names = pictures
    for number, name in enumerate((b"caf\xe9.jpg", b"a\x1b[31m\n.jpg")):
        (root / names[0] / f"view {number}.jpg").rename(root / names[0] / os.fsdecode(name))
    make(root, tmp_path / "build")
    profiles = read(tmp_path / "build", "profiles/forget") + read(tmp_path / "build", "profiles/retain")
    details = {pair["attribute"] for profile in profiles for pair in profile["details"]}
    assert {f"picture:{names[0]}/café.jpg", f"picture:{names[0]}/a\x1b[31m\n.jpg"} <= details


def test_problems_of_own_pictures_are_listed(pictures, tmp_path):
    root, names = pictures
    (root / names[0] / "view 3.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (root / names[1] / "view 2.jpg").unlink()
    (root / names[2] / "view 1.jpg").unlink()
    os.link(root / names[3] / "view 0.jpg", root / names[2] / "view 1.jpg")
    outside = tmp_path / "outside.jpg"
    write(outside, 1)
    (root / names[4] / "view 5.jpg").unlink()
    (root / names[4] / "view 5.jpg").symlink_to(outside)
    with pytest.raises(BuildError) as error:
        make(root, tmp_path / "build")
    text = str(error.value)
    assert "own: 4 problems" in text
    assert f"{names[0]}/view 3.jpg: does not decode" in text
    assert f"{names[1]}: {LEAST_VIEWS - 1} pictures; at least {LEAST_VIEWS} are needed" in text
    assert "is the same picture as" in text
    assert f"{names[4]}/view 5.jpg: is a link out of the folder" in text
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("options", "says"), [({"pictures": "nowhere"}, "no such folder"), ({"views": 9}, "leave it out")]
)
def test_invalid_options_are_refused(pictures, tmp_path, options, says):
    with pytest.raises(BuildError, match=says):
        build("mlu", tmp_path / "build", size=8, options={"pictures": str(pictures[0]), **options})
