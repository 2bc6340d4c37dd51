"""Pictures of rows: decoding, digests, data URIs, and an image processor that processes each list of them once."""

import base64
import copy
import hashlib
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from lethebench.contract.image_reader import PictureError, in_rgb, read_picture

Picture = Image.Image | Mapping[str, Any]
"""A PIL image, or `{"bytes": ..., "path": ...}` as `datasets` gives pictures that it does not decode.

The path is never opened: rows of a stranger could name any file or URL. Give pictures on disk as
`PIL.Image.open(path)`.
"""

_MAGIC = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif"}
_PNG_DEPTH = 24  # the byte of a PNG that holds its bits per sample


def decode_image(picture: Picture, row_id: str = "?") -> Image.Image:
    """Return the picture in RGB, upright as its EXIF data say (see `image_reader.read_picture`).

    Raises:
        PictureError: if the picture of the row cannot be read, or is given by its path alone.
    """
    content = picture if isinstance(picture, Image.Image) else _encoded(picture, row_id)
    try:
        return in_rgb(content) if isinstance(content, Image.Image) else read_picture(content).image
    except PictureError as error:
        raise PictureError(
            f"the picture of row {row_id} cannot be read ({error}): rebuild or verify the data"
        ) from error


def image_digest(picture: Picture, row_id: str = "?") -> bytes:
    """Return 16 bytes that identify the picture's content: its encoded bytes, or the pixels of a PIL image."""
    if isinstance(picture, Image.Image):
        image = decode_image(picture, row_id)
        content = f"{image.size}".encode() + image.tobytes()
    else:
        content = _encoded(picture, row_id)
    return hashlib.blake2b(content, digest_size=16).digest()


def data_uri(picture: Picture, row_id: str = "?") -> str:
    """Return the picture as a data URI: a JPEG, WebP, GIF or PNG of 8 bits unchanged, everything else as PNG.

    Raises:
        PictureError: as `decode_image`.
    """
    content = b"" if isinstance(picture, Image.Image) else _encoded(picture, row_id)
    kind = "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
    kind = kind or next((name for magic, name in _MAGIC.items() if content.startswith(magic)), None)
    if kind is None or (kind == "png" and content[_PNG_DEPTH : _PNG_DEPTH + 1] == b"\x10"):
        file = io.BytesIO()
        decode_image(picture, row_id).save(file, format="PNG")
        kind, content = "png", file.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _encoded(picture: Mapping[str, Any], row_id: str) -> bytes:
    if not isinstance(picture, Mapping):
        raise PictureError(
            f"a picture of row {row_id} is a {type(picture).__name__}: give a PIL image or a dict of bytes and path"
        )
    content = picture.get("bytes")
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if isinstance(content, str):
        raise PictureError(f"a picture of row {row_id} has text as bytes: decode it first, base64 for instance")
    if content is not None:
        raise PictureError(f"a picture of row {row_id} has {type(content).__name__} as bytes: give its encoded bytes")
    path = picture.get("path")
    reason = f"it is only a path, {str(path)!r:.80}, which is not opened" if path else "it has no bytes"
    raise PictureError(
        f"the picture of row {row_id} cannot be read ({reason}): give its bytes or a PIL image; `lethe verify` lists "
        "such rows of a build"
    )


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
