"""Pictures as bytes. One place decides the encoding, so that the same page is the same bytes everywhere.

JPEG at quality 90: pages carry scan noise, on which lossless PNG spends 676 KB and 147 ms a page of 728 x 1036 pixels,
and JPEG 142 KB and 2 ms. At paper size that is 13 GB against 2.7.
"""

import io

from PIL import Image

FORMAT = "JPEG"
QUALITY = 90
THUMBNAIL = 128
"""The longest side of a thumbnail, in pixels."""


def encode(picture: Image.Image) -> bytes:
    """An RGB picture as JPEG bytes; the same pixels give the same bytes under one release of Pillow."""
    buffer = io.BytesIO()
    picture.save(buffer, format=FORMAT, quality=QUALITY)
    return buffer.getvalue()


def thumbnail(picture: Image.Image) -> Image.Image:
    """The picture shrunk by a whole factor to at most THUMBNAIL pixels on its longer side."""
    factor = -(-max(picture.size) // THUMBNAIL)
    return picture.reduce(factor) if factor > 1 else picture


def decode(data: bytes) -> Image.Image:
    """The picture in the bytes, fully decoded.

    Raises:
        OSError: the bytes are not a whole picture (Pillow's UnidentifiedImageError is one).
    """
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def file_name(profile_id: str, view: str) -> str:
    """A stable name for a picture, e.g. `medical-0042_masked-diagnosis.jpg`."""
    return f"{profile_id}_{view}.jpg".translate(str.maketrans({":": "-", ",": "-", "/": "-", " ": "-", "+": "_"}))
