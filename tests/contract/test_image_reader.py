"""Reading pictures as people have them: depths, formats, damage, metadata and sizes."""

import io
import struct
import zlib

import numpy as np
import pytest
from pictures import GRADIENT, chunk, packed_12_bits, png, saved, tiff, with_chunks
from PIL import Image, ImageOps

from lethebench.contract.image_reader import FORMATS, PictureError, read_picture
from lethebench.contract.images import decode_image

RED = Image.new("RGB", (64, 48), "red")
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8))
RGB = np.dstack([GRADIENT, GRADIENT // 2, GRADIENT // 4])
TURNED = Image.Exif()
TURNED[0x0112] = 6

DEEP = {
    "png": saved(Image.fromarray(GRADIENT), "PNG"),
    "png with alpha": png(np.dstack([GRADIENT, GRADIENT]), 4),
    "png with transparency": png(GRADIENT, 0, chunk(b"tRNS", b"\0\0")),
    "tiff": saved(Image.fromarray(GRADIENT), "TIFF"),
    "tiff lzw": saved(Image.fromarray(GRADIENT), "TIFF", compression="tiff_lzw"),
    "tiff big-endian": tiff(GRADIENT.astype(">u2").tobytes(), 16, big=True),
    "tiff white is zero": tiff((65535 - GRADIENT).astype("<u2").tobytes(), 16, photometric=0),
    "tiff 12 bits": tiff(packed_12_bits(GRADIENT >> 4), 12),
    "tiff float": saved(Image.fromarray((GRADIENT / 65535).astype(np.float32)), "TIFF"),
    "tiff float big-endian": tiff((GRADIENT / 65535).astype(">f4").tobytes(), 32, form=3, big=True),
    "jpeg 2000": saved(Image.fromarray(GRADIENT), "JPEG2000"),
}


@pytest.mark.parametrize("name", DEEP)
def test_more_than_8_bits_are_scaled(name):
    levels = np.asarray(read_picture(DEEP[name]).image)[..., 0].astype(float)
    assert np.abs(levels - GRADIENT / 257.0).max() <= 1
    assert (decode_image({"bytes": DEEP[name]}).tobytes()) == read_picture(DEEP[name]).image.tobytes()


@pytest.mark.parametrize("content", [png(RGB, 2), png(np.dstack([RGB, GRADIENT * 0 + 65535]), 6),
                                     tiff(RGB.astype("<u2").tobytes(), 16, photometric=2),
                                     tiff(RGB.astype(">u2").tobytes(), 16, photometric=2, big=True)])  # fmt: skip
def test_16_bit_colors_are_scaled(content):
    assert np.abs(np.asarray(read_picture(content).image) - RGB / 257.0).max() <= 1


@pytest.mark.parametrize("array", [GRADIENT, GRADIENT.astype(">u2"), (GRADIENT / 65535).astype(np.float32)])
def test_deep_pil_images_are_scaled(array):
    image = Image.frombytes("I;16B", (64, 48), array.tobytes()) if array.dtype == ">u2" else Image.fromarray(array)
    assert abs(np.asarray(decode_image(image)).mean() - 127) < 1


@pytest.mark.parametrize("array", [GRADIENT.astype(np.int32), (GRADIENT / 257).astype(np.float32),
                                   np.full((4, 4), np.nan, np.float32), np.full((4, 4), -0.1, np.float32)])  # fmt: skip
def test_samples_of_unknown_range_are_refused(array):
    with pytest.raises(PictureError, match=r"its (floating-point )?samples are .*: convert it to 8 bits"):
        read_picture(saved(Image.fromarray(array), "TIFF"))
    with pytest.raises(PictureError, match=r"picture of row r cannot be read \(its"):
        decode_image(Image.fromarray(array), "r")


def test_deep_picture_is_turned_upright():
    content = tiff(GRADIENT.astype(">u2").tobytes(), 16, big=True, _274=6)
    image = read_picture(content).image
    assert image.size == (48, 64)
    assert [image.getpixel((0, y))[0] for y in (0, 63)] == [0, 255]


def test_transparent_level_of_deep_picture_becomes_background():
    levels = np.asarray(read_picture(DEEP["png with transparency"], background="white").image)[0, :, 0]
    assert levels[0] == 255
    assert levels[1] < 10


ORDINARY = {
    **{mode: saved(NOISE.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")},
    **{kind: saved(NOISE, kind, exif=TURNED) for kind in ("JPEG", "WEBP", "TIFF", "PNG")},
    **{f"{mode} TIFF": saved(NOISE.convert(mode), "TIFF") for mode in ("CMYK", "YCbCr")},
    **{kind: saved(NOISE, kind) for kind in ("GIF", "BMP", "AVIF", "JPEG2000")},
    "CMYK JPEG": saved(NOISE.convert("CMYK"), "JPEG"),
    "palette with transparency": saved(NOISE.quantize(16), "PNG", transparency=3),
    "GIF of 3 frames": saved(RED, "GIF", save_all=True, append_images=[Image.new("RGB", (64, 48), "lime")]),
    "MPO": saved(RED, "MPO", save_all=True, append_images=[RED]),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_8_bit_pictures_are_those_of_pillow(name):
    content = ORDINARY[name]
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    for image in (decode_image({"bytes": content}), decode_image(Image.open(io.BytesIO(content)))):
        assert (image.mode, image.size) == ("RGB", expected.size)
        assert image.tobytes() == expected.tobytes()


BIG = b"x" * (2 << 20)
METADATA = {
    "zipped text": with_chunks(saved(NOISE, "PNG"), chunk(b"zTXt", b"k\0\0" + zlib.compress(BIG))),
    "zipped XMP": with_chunks(
        saved(NOISE, "PNG"), chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x/>" * 400_000))
    ),
    "plain text": with_chunks(saved(NOISE, "PNG"), chunk(b"tEXt", b"k\0" + BIG)),
    "many texts": with_chunks(saved(NOISE, "PNG"), *[chunk(b"zTXt", b"k\0\0" + zlib.compress(BIG[: 1 << 20]))] * 80),
    "large color profile": with_chunks(saved(NOISE, "PNG"), chunk(b"iCCP", b"p\0\0" + zlib.compress(BIG))),
    "damaged text": with_chunks(saved(NOISE, "PNG"), chunk(b"tEXt", b"k\0abc")[:-1] + b"?"),
    "damaged EXIF of a PNG": with_chunks(saved(NOISE, "PNG"), chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_do_not_hide_the_pixels(name):
    assert read_picture(METADATA[name]).image.tobytes() == NOISE.tobytes()


@pytest.mark.parametrize("exif", [b"Exif\0\0MM", b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0" + b"\xff" * 60])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_broken_exif_is_ignored(kind, exif):
    assert read_picture(saved(NOISE, kind, exif=exif)).size == NOISE.size


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200
OTHER_FILES = {
    b"": "an empty file",
    b"\r\n <!DOCTYPE HTML><title>404</title>": "an HTML page",
    b"<html>": "an HTML page",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>": "SVG is not supported: convert it",
    HEIC: "HEIC is not supported: convert it to JPEG or PNG",
    HEIC.replace(b"ftypheic", b"ftypmif1"): "HEIC is not supported",
    b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0" * 50: "JPEG XL is not supported",
    b"\xff\x0a" + b"\1" * 50: "JPEG XL is not supported",
    b"\0\5\x16\7\0\2\0\0Mac OS X        " + b"\0" * 60: "a resource file of macOS",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n": "run `git lfs pull`",
    b"no picture": "not a picture of a known format",
    saved(NOISE, "AVIF")[:200]: "AVIF",
    saved(NOISE, "AVIF")[:40]: "AVIF",
    saved(NOISE, "AVIF")[:-50]: "",
    saved(NOISE, "JPEG2000")[:100]: "",
    saved(NOISE, "ICO"): "not a picture of a known format",
}


@pytest.mark.parametrize(("content", "reason"), OTHER_FILES.items(), ids=range(len(OTHER_FILES)))
def test_other_files_are_named(content, reason):
    with pytest.raises(PictureError) as caught:
        read_picture(content)
    text = str(caught.value)
    assert reason in text
    assert "\n" not in text
    assert " at 0x" not in text
    assert caught.value.__cause__ is not None


def bomb(kind):
    if kind == "GIF":
        content = bytearray(saved(Image.new("L", (4, 4)), "GIF"))
        content[6:10] = struct.pack("<HH", 60_000, 60_000)
        return bytes(content)
    if kind == "BMP":
        content = bytearray(saved(Image.new("L", (4, 4)), "BMP"))
        content[18:26] = struct.pack("<ii", 100_000, 100_000)
        return bytes(content)
    header = struct.pack(">IIBBBBB", 9_000, 9_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PNG"])
def test_decompression_bombs_are_refused(kind):
    with pytest.raises(PictureError, match=r"more than 64,000,000 pixels|the limit is 64,000,000"):
        read_picture(bomb(kind))
    with pytest.raises(PictureError, match=r"picture of row r cannot be read .*64,000,000"):
        decode_image({"bytes": bomb(kind)}, "r")


def test_formats_are_those_of_pillow_here():
    Image.init()
    assert set(FORMATS) <= set(Image.OPEN)
