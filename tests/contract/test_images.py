"""Decoding, digests and data URIs of pictures."""

import base64
import io
import sys

import numpy as np
import pytest
from baselines_support import page
from datasets import Image as DatasetImage
from PIL import Image

from lethebench.contract.errors import UserError
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


@pytest.mark.parametrize("path", ["gray.png", "https://127.0.0.1:9/gray.png", "/etc/passwd", b"gray.png"])
@pytest.mark.parametrize("call", [decode_image, image_digest, data_uri])
def test_picture_given_by_path_is_not_opened(tmp_path, monkeypatch, call, path):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8), 77).save("gray.png")
    opened: list[str] = []
    watch = [opened]
    sys.addaudithook(lambda event, _: watch and event in ("open", "socket.connect") and opened.append(event))
    try:
        with pytest.raises(UserError, match=r"the picture of row r cannot be read \(it is only a path.*`lethe verify`"):
            call({"bytes": None, "path": path}, "r")
    finally:
        watch.clear()
    assert opened == []
    assert decode_image(Image.open("gray.png")).getpixel((3, 3)) == (77, 77, 77)


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
        ({"bytes": [1, 2], "path": None}, "row r has list as bytes"),
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


def test_data_uri_names_the_format():
    image = Image.new("RGB", (8, 8), (1, 2, 3))
    for kind, name in {"WEBP": "webp", "GIF": "gif", "TIFF": "png", "BMP": "png", "AVIF": "png"}.items():
        file = io.BytesIO()
        image.save(file, kind)
        head, _, content = data_uri({"bytes": file.getvalue()}).partition(",")
        assert head == f"data:image/{name};base64"
        assert Image.open(io.BytesIO(base64.b64decode(content))).format == name.upper()


def test_data_uri_of_16_bit_picture_has_8_bits():
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(file, "PNG")
    content = base64.b64decode(data_uri({"bytes": file.getvalue()}).partition(",")[2])
    assert Image.open(io.BytesIO(content)).getpixel((0, 0)) == (156, 156, 156)
