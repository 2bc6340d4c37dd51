"""Encode pictures in one place, so that the same page becomes the same bytes everywhere.

JPEG at quality 90: pages carry scan noise, so a lossless PNG of 728 x 1036 pixels takes 676 KB and 147 ms, a JPEG
142 KB and 2 ms. At paper size that is 13 GB against 2.7.
"""

import io

from PIL import Image

from lethebench.builders.records import EncodedView

FORMAT = "JPEG"
QUALITY = 90
THUMBNAIL = 128
"""The longest side of a thumbnail, in pixels."""


def encode(picture: Image.Image) -> bytes:
    """Return an RGB picture as JPEG; the same pixels give the same bytes under one release of Pillow."""
    buffer = io.BytesIO()
    picture.save(buffer, format=FORMAT, quality=QUALITY)
    return buffer.getvalue()


def thumbnail(picture: Image.Image) -> Image.Image:
    """Return the picture reduced by an integer factor to at most THUMBNAIL pixels on its longer side."""
    factor = -(-max(picture.size) // THUMBNAIL)
    return picture.reduce(factor) if factor > 1 else picture


def encode_view(
    profile_id: str,
    picture: Image.Image,
    name: str,
    *,
    file: str | None = None,
    thumbnail_name: str | None = None,
    with_thumbnail: bool = True,
) -> EncodedView:
    """Return a picture of a profile, encoded, with its thumbnail; file names consist of `profile_id` and `file`.

    `file` and `thumbnail_name` (in the column `thumbnail_views`) are `name` if None.
    """
    file = name if file is None else file
    image = {"bytes": encode(picture), "path": file_name(profile_id, file)}
    if not with_thumbnail:
        return EncodedView(name, image)
    small = {"bytes": encode(thumbnail(picture)), "path": file_name(profile_id, f"{file}+thumbnail")}
    return EncodedView(name, image, small, thumbnail_name)


def file_name(profile_id: str, view: str) -> str:
    """Return a stable name for a picture, e.g. `medical-0042_masked-diagnosis.jpg`."""
    return f"{profile_id}_{view}.jpg".translate(str.maketrans(":,/ +", "----_"))
