"""Read pictures with Pillow: the only place that opens one, within bounds; every failure is a PictureError."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from lethebench.contract.errors import UserError, one_line

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000")
MOST_PIXELS = 64_000_000
"""Larger pictures are refused: a few kilobytes can decode to gigabytes."""

_CONVERT = "convert it to JPEG or PNG"
_HEIC = f"HEIC is not supported: {_CONVERT}"
_BRANDS = {b"avif": "", b"avis": "", **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1"), _HEIC)}
_OTHER_FILES = {
    b"\xff\x0a": f"JPEG XL is not supported: {_CONVERT}",
    b"\0\0\0\x0cjxl ": f"JPEG XL is not supported: {_CONVERT}",
    b"<!doctype html": "an HTML page, not a picture",
    b"<html": "an HTML page, not a picture",
    b"<svg": f"SVG is not supported: {_CONVERT}",
    b"<?xml": "an XML file, not a picture",
    b"%pdf": f"PDF is not supported: {_CONVERT}",
    b"8bps": f"Photoshop files are not supported: {_CONVERT}",
    b"\0\x05\x16\x07": "a resource file of macOS, not a picture",
    b"version https://git-lfs": "a git-lfs pointer, not the picture: run `git lfs pull`",
}
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # of TIFF


class PictureError(UserError):
    """A picture that cannot be read. The message of the functions here is the reason alone, in one line."""


class Decoded(NamedTuple):
    """A picture in RGB without metadata, with its size in pixels (width, height) and its format as encoded."""

    image: Image.Image
    size: tuple[int, int]
    format: str


def read_picture(content: bytes, *, background: str | None = None, longest: int | None = None) -> Decoded:
    """Return an encoded picture (the first frame, if it has more) in RGB, upright as its EXIF data say.

    Samples of 12 and 16 bits are scaled to 8, and floating-point samples from 0..1; pixels of 8 bits are those of
    Pillow's `convert("RGB")`. Metadata that Pillow cannot read are ignored.

    Args:
        content: the encoded picture, in one of FORMATS.
        background: color that shows through transparent pixels; None ignores transparency, as Pillow does.
        longest: larger pictures are shrunk to this longest side, in pixels.

    Raises:
        PictureError: it is not a whole picture of a known format, has more than MOST_PIXELS pixels, or integer samples
            of 32 bits or floating-point samples outside 0..1, whose range is not known.
    """
    with _pillow(content):
        try:
            return _decode(content, background, longest)
        except PictureError:
            raise
        except Exception:  # Pillow refuses a PNG for text or a color profile above 1 MB, or damaged
            if (plain := _without_text(content)) == content:
                raise
            return _decode(plain, background, longest)


def in_rgb(picture: Image.Image) -> Image.Image:
    """Return a PIL image as `read_picture` returns an encoded one.

    Raises:
        PictureError: as `read_picture`.
    """
    with _pillow():
        _check_pixels(picture.size)
        return _rgb(picture, None)


@contextmanager
def _pillow(content: bytes = b"?") -> Iterator[None]:
    """Raise PictureError for whatever Pillow raises: its plugins raise errors of many types for damaged files."""
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(_reason(content, error)) from error


def _decode(content: bytes, background: str | None, longest: int | None) -> Decoded:
    picture: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    size, kind = picture.size, picture.format or ""
    _check_pixels(size)
    if longest:
        picture.draft("RGB", (longest, longest))  # JPEG: decoded at a fraction of its size, never below `longest`
    image = _rgb(picture, background)
    if longest and max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return Decoded(image, size, kind)


def _check_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise PictureError(f"{size[0]} x {size[1]} pixels; the limit is {MOST_PIXELS:,}")


def _rgb(picture: Image.Image, background: str | None) -> Image.Image:
    picture.load()
    tags = getattr(picture, "tag_v2", {})
    image = _upright(picture)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _scaled(image, tags)
    if background and (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info):
        image = Image.alpha_composite(Image.new("RGBA", image.size, background), image.convert("RGBA"))
    image = image.convert("RGB")
    image.info = {}
    return image


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow raises errors of many types for broken EXIF data; the pixels are whole
        return picture


def _scaled(image: Image.Image, tags: Mapping[int, Any]) -> Image.Image:
    """Return a gray picture of more than 8 bits with 8; Pillow's own conversion clips it to white or black."""
    levels = np.asarray(image)
    if image.mode == "I":
        raise PictureError("its samples are 32-bit or signed integers, whose range is not known: convert it to 8 bits")
    if image.mode == "F":
        if not (levels.min() >= 0 and levels.max() <= 1):  # NaN too
            raise PictureError("its floating-point samples are outside 0..1: convert it to 8 bits")
        scaled = np.rint(levels * 255.0)
    else:
        bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
        most = (1 << bits) - 1
        scaled = (levels.astype(np.uint32) * 255 + most // 2) // most
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    gray = Image.fromarray(scaled.astype(np.uint8))
    if isinstance(transparent := image.info.get("transparency"), int):
        gray.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return gray


def _without_text(content: bytes) -> bytes:
    """Return a PNG without its text and color profile; other content unchanged."""
    if not content.startswith(_PNG):
        return content
    parts, start = [_PNG], len(_PNG)
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        if content[start + 4 : start + 8] not in _TEXT_CHUNKS:
            parts.append(content[start:end])
        start = end
    return b"".join(parts)


def _reason(content: bytes, error: Exception) -> str:
    """Return in one line why a picture cannot be read, without what changes from run to run."""
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MOST_PIXELS:,} pixels"
    if other := _other_file(content):
        return other
    text = one_line(error, 120)
    if " object at 0x" not in text:
        return text
    if _brand(content) == "":
        return "a damaged AVIF file, or one that this Pillow cannot read"
    return "not a picture of a known format"


def _other_file(content: bytes) -> str:
    """Return what a file is that no reader of ours takes; empty if it may be a picture."""
    if not content:
        return "an empty file"
    if brand := _brand(content):
        return brand
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((text for prefix, text in _OTHER_FILES.items() if start.startswith(prefix)), "")


def _brand(content: bytes) -> str | None:
    """Return what is wrong with a file of the MP4 family, which HEIC is too; empty for AVIF, None for other files."""
    if content[4:8] != b"ftyp":
        return None
    brands = [content[at : at + 4] for at in range(8, 40, 4)]
    return min((_BRANDS[brand] for brand in brands if brand in _BRANDS), default=None)
