"""Damaged pictures: each is decoded as Pillow decodes it, or refused in one line."""

import contextlib
import io
import zlib

import numpy as np
import pytest
from mutations import mutated, streams
from pictures import GRADIENT, chunk, saved, with_chunks
from PIL import Image, ImageOps

from lethebench.contract.image_reader import PictureError, _without_text, read_picture
from lethebench.contract.images import decode_image

INPUTS = 70_000
"""Damaged pictures in all."""
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8))
EXIF = Image.Exif()
EXIF[0x0112], EXIF[0x010F] = 6, "x"
SEEDS = {
    "JPEG": saved(NOISE, "JPEG", exif=EXIF),
    "progressive JPEG": saved(NOISE.convert("CMYK"), "JPEG", progressive=True),
    "PNG": with_chunks(saved(NOISE, "PNG", exif=EXIF), chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 9000))),
    "PNG palette": saved(NOISE.quantize(16), "PNG", transparency=0),
    "PNG 16 bits": saved(Image.fromarray(GRADIENT[:20, :24]), "PNG"),
    "WEBP": saved(NOISE, "WEBP", exif=EXIF),
    "GIF": saved(NOISE, "GIF", save_all=True, append_images=[NOISE.rotate(180)]),
    "BMP": saved(NOISE, "BMP"),
    "TIFF": saved(NOISE, "TIFF", compression="tiff_lzw", exif=EXIF),
    "TIFF 16 bits": saved(Image.fromarray(GRADIENT[:20, :24]), "TIFF"),
    "TIFF float": saved(Image.fromarray((GRADIENT[:20, :24] / 65535).astype(np.float32)), "TIFF"),
    "AVIF": saved(NOISE, "AVIF", exif=EXIF),
    "JPEG2000": saved(NOISE, "JPEG2000"),
    "MPO": saved(NOISE, "MPO", save_all=True, append_images=[NOISE]),
}


def pillow(content: bytes) -> Image.Image | None:
    """The picture as Pillow decodes it; None if it does not, or if it has more than 8 bits."""
    for data in (content, _without_text(content)):
        for upright in (ImageOps.exif_transpose, lambda image: image):
            try:
                image = Image.open(io.BytesIO(data))
                image.load()
                return (
                    None if image.mode in ("I", "F") or image.mode.startswith("I;") else upright(image).convert("RGB")
                )
            except Exception:
                continue
    return None


def outcome(content: bytes) -> Image.Image | str:
    """The picture of a row, or the line that refuses it."""
    with contextlib.suppress(PictureError):
        read_picture(content, background="white", longest=16)
    try:
        return decode_image({"bytes": content}, "r")
    except PictureError as error:
        return str(error)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_pictures_are_decoded_as_by_pillow_or_refused(kind):
    read = refused = 0
    for number, rng in enumerate(streams(list(SEEDS).index(kind), INPUTS // len(SEEDS))):
        content = mutated(SEEDS[kind], rng)
        result = outcome(content)
        if isinstance(result, str):
            assert result.startswith("the picture of row r cannot be read ("), number
            assert "\n" not in result, number
            assert " at 0x" not in result, number
            refused += 1
            continue
        read += 1
        assert result.mode == "RGB", number
        expected = pillow(content)
        if expected is not None:
            assert (result.size, result.tobytes()) == (expected.size, expected.tobytes()), number
    assert read
    assert refused
