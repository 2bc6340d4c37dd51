"""Decoding, digests and data URIs of pictures."""

import io

import pytest
from baselines_support import page
from datasets import Image as DatasetImage
from PIL import Image

from lethebench.contract.images import data_uri, decode_image, image_digest


def test_digest_depends_on_content():
    first, second = page(1), page(2)
    assert image_digest(first) == image_digest(dict(first)) != image_digest(second)
    assert image_digest(decode_image(first)) == image_digest(decode_image(first)) != image_digest(decode_image(second))


def test_digest_depends_on_palette():
    red, blue = (Image.new("RGB", (8, 8), color).quantize() for color in ("red", "blue"))
    assert red.tobytes() == blue.tobytes()
    assert image_digest(red) != image_digest(blue)
    assert decode_image(red).getpixel((0, 0)) == (255, 0, 0)


def test_digest_of_file_equals_digest_of_its_bytes(tmp_path):
    gray = Image.new("L", (8, 8), 77)
    gray.save(tmp_path / "gray.png")
    on_disk = {"bytes": None, "path": str(tmp_path / "gray.png")}
    assert image_digest(on_disk) == image_digest({"bytes": (tmp_path / "gray.png").read_bytes(), "path": None})
    image = decode_image(on_disk)
    assert image.mode == "RGB"
    assert image.getpixel((3, 3)) == (77, 77, 77)


def test_decode_turns_photos_as_datasets_does():
    photo = Image.new("RGB", (60, 30), "white")
    photo.paste("black", (0, 0, 20, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", exif=exif)
    undecoded = {"bytes": buffer.getvalue(), "path": None}
    expected = DatasetImage().decode_example(undecoded)
    assert expected.size == (30, 60)
    for image in (decode_image(undecoded), decode_image(Image.open(io.BytesIO(undecoded["bytes"])))):
        assert image.size == expected.size
        assert image.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ({"bytes": b"no picture", "path": None}, "picture of row r cannot be read"),
        ({"bytes": page(0)["bytes"][:100], "path": None}, "picture of row r cannot be read"),
        ({"bytes": None, "path": "/nowhere.png"}, "picture of row r cannot be read .*nowhere"),
        ({}, "picture of row r cannot be read"),
        ({"bytes": "aGVsbG8=", "path": None}, "row r has text as bytes"),
        ("report.png", "picture of row r is a str: give a PIL image"),
    ],
)
def test_unreadable_picture_names_the_row(picture, message):
    with pytest.raises(ValueError, match=message):
        decode_image(picture, "r")


def test_data_uri_keeps_bytes_and_writes_png():
    image = Image.new("RGB", (8, 8), (1, 2, 3))
    assert data_uri(image).startswith("data:image/png;base64,iVBOR")
    file = io.BytesIO()
    image.save(file, format="JPEG")
    assert data_uri({"bytes": file.getvalue(), "path": None}).startswith("data:image/jpeg;base64,/9j/")
