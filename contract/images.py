"""Pictures of rows: decoding, digests, data URIs, and an image processor that processes each list of them once."""

import base64
import copy
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

Picture = Image.Image | Mapping[str, Any]
"""A PIL image, or `{"bytes": ..., "path": ...}` as `datasets` gives pictures that it does not decode."""


def decode_image(picture: Picture, row_id: str = "?") -> Image.Image:
    """Return the picture in RGB, upright as its EXIF data say, as `datasets` decodes it.

    Raises:
        ValueError: if the picture of the row cannot be read.
    """
    try:
        image = picture if isinstance(picture, Image.Image) else Image.open(io.BytesIO(_encoded(picture, row_id)))
        return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(row_id, error) from error


def image_digest(picture: Picture, row_id: str = "?") -> bytes:
    """Return 16 bytes that identify the picture's content: its encoded bytes, or the pixels of a PIL image."""
    if isinstance(picture, Image.Image):
        image = decode_image(picture, row_id)
        content = f"{image.size}".encode() + image.tobytes()
    else:
        content = _encoded(picture, row_id)
    return hashlib.blake2b(content, digest_size=16).digest()


def data_uri(picture: Picture) -> str:
    """Return the picture as a data URI: encoded bytes unchanged, a PIL image as PNG."""
    if isinstance(picture, Image.Image):
        file = io.BytesIO()
        picture.save(file, format="PNG")
        content = file.getvalue()
    else:
        content = _encoded(picture, "?")
    kind = "jpeg" if content[:2] == b"\xff\xd8" else "webp" if content[8:12] == b"WEBP" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _encoded(picture: Mapping[str, Any], row_id: str) -> bytes:
    if not isinstance(picture, Mapping):
        raise ValueError(
            f"a picture of row {row_id} is a {type(picture).__name__}: give a PIL image or a dict of bytes and path"
        )
    content = picture.get("bytes")
    if isinstance(content, str):
        raise ValueError(f"a picture of row {row_id} has text as bytes: decode it first, base64 for instance")
    if content is not None:
        return content
    try:
        return Path(picture["path"]).read_bytes()
    except (OSError, TypeError, KeyError) as error:
        raise _unreadable(row_id, error) from error


def _unreadable(row_id: str, error: Exception) -> ValueError:
    return ValueError(f"the picture of row {row_id} cannot be read ({error}): rebuild or verify the data")


class CachingImageProcessor:
    """Wraps an image processor and remembers its output for each list of pictures, whose `digests` are set before."""

    def __init__(self, image_processor: Any):
        self._image_processor = image_processor
        self._outputs: dict[tuple, Any] = {}
        self.digests: tuple[bytes, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._image_processor, name)

    def __call__(self, images: Any, **options: Any) -> Any:
        key = (self.digests, repr(sorted(options.items(), key=lambda item: item[0])))
        if key not in self._outputs:
            self._outputs[key] = self._image_processor(images, **options)
        return copy.copy(self._outputs[key])
