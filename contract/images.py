"""Pictures of rows: their digests, decoding, and an image processor that sees each list of them once."""

import copy
import hashlib
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps


def picture_key(image: Any) -> bytes:
    """A digest of a picture's content. Takes a PIL image, or `{"bytes": ..., "path": ...}` as undecoded datasets give.

    Raises:
        TypeError: the picture is neither.
    """
    if isinstance(image, Mapping):
        data = image.get("bytes")
        return hashlib.blake2b(data if data is not None else str(image["path"]).encode(), digest_size=16).digest()
    if not isinstance(image, Image.Image):
        raise TypeError(f"a picture must be a PIL image or an undecoded datasets picture, not {type(image).__name__}")
    whole = open_picture(image)
    return hashlib.blake2b(f"{whole.size}".encode() + whole.tobytes(), digest_size=16).digest()


def open_picture(image: Any) -> Image.Image:
    """The picture as RGB, upright as its EXIF data say, as `datasets` decodes it; takes what `picture_key` takes."""
    if isinstance(image, Mapping):
        image = Image.open(io.BytesIO(image["bytes"]) if image.get("bytes") is not None else image["path"])
    return ImageOps.exif_transpose(image).convert("RGB")


class CachingImageProcessor:
    """Stands in for an image processor and remembers what it made of each list of pictures."""

    def __init__(self, image_processor: Any):
        self._inner = image_processor
        self._made: dict = {}
        self.key: tuple = ()  # the content of the pictures of the next call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self, images: Any, **options: Any) -> Any:
        key = (self.key, repr(sorted(options.items(), key=lambda item: item[0])))
        if key not in self._made:
            self._made[key] = self._inner(images, **options)
        return copy.copy(self._made[key])
