"""Pictures of a release: decoded to check, turned upright, stripped of metadata and encoded as all our pictures are.

Converted pictures wait in a folder of the growing build, so that none is decoded twice or kept in memory.
"""

import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageOps

from lethebench.builders.write.pictures import encode, thumbnail
from lethebench.builders.write.pool import ordered

LONGEST = 1024
"""The longest side of an imported picture; larger ones are shrunk, smaller ones stay as they are."""
MOST_PIXELS = 64_000_000
MOST_BYTES = 64 << 20
Image.init()
_KINDS = tuple(kind for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if kind in Image.OPEN)


@dataclass(frozen=True)
class Raw:
    """A picture as released: its name, and its bytes or where they lie."""

    name: str
    content: bytes | Path


@dataclass(frozen=True)
class Photo:
    """What became of a picture.

    Attributes:
        name: as in `Raw`.
        file: name of the converted picture in the folder, empty where the picture does not decode.
        sha256: of the bytes as released.
        size: width and height as released, in pixels.
        kind: the format as released.
        reason: why it does not decode, empty where it does.
    """

    name: str
    file: str = ""
    sha256: str = ""
    size: tuple[int, int] = (0, 0)
    kind: str = ""
    reason: str = ""

    @property
    def provenance(self) -> str:
        """What it was made from, for `details` of its profile."""
        return f"sha256 {self.sha256}, {self.size[0]} x {self.size[1]}, {self.kind}"


def convert(raws: Iterable[Raw], folder: Path, *, num_proc: int) -> Iterator[Photo]:
    """Yields a Photo per picture, in order; the converted ones lie in `folder`, with a thumbnail each."""
    yield from ordered(_convert, enumerate(raws), shared=folder, num_proc=num_proc)


def converted(folder: Path, photo: Photo) -> bytes:
    """The bytes of a converted picture."""
    return (folder / photo.file).read_bytes()


def small(folder: Path, photo: Photo) -> bytes:
    """The bytes of its thumbnail."""
    return (folder / f"{photo.file}.small").read_bytes()


def _convert(item: tuple[int, Raw], folder: Path) -> Photo:
    number, raw = item
    try:
        content = _content(raw.content)
        picture, size, kind = open_picture(content)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        return Photo(raw.name, reason=_first_line(error))
    file = f"{number:06d}.jpg"  # written outside the block above: a full disk is no fault of the picture
    (folder / file).write_bytes(encode(picture))
    (folder / f"{file}.small").write_bytes(encode(thumbnail(picture)))
    return Photo(raw.name, file, sha256(content).hexdigest(), size, kind)


def open_picture(content: bytes) -> tuple[Image.Image, tuple[int, int], str]:
    """An RGB picture of at most LONGEST pixels a side without metadata, with its size and format as released.

    Raises:
        OSError, ValueError, SyntaxError, EOFError: the bytes are no whole picture, or one of too many pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the metadata, which is dropped
        try:
            picture = Image.open(io.BytesIO(content), formats=_KINDS)
        except Image.DecompressionBombError:
            raise ValueError(f"more than {MOST_PIXELS:,} pixels") from None
        size, kind = picture.size, picture.format
        if size[0] * size[1] > MOST_PIXELS:
            raise ValueError(f"{size[0]} x {size[1]} pixels; at most {MOST_PIXELS:,} are read")
        picture.draft("RGB", (LONGEST, LONGEST))  # JPEG: decoded at a fraction of its size, never under LONGEST
        picture.load()
        picture = _upright(picture)
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
        picture = picture.convert("RGB")
    if max(picture.size) > LONGEST:
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    return clean, size, kind


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow raises whatever broken metadata leads to; the picture itself is whole
        return picture


def _content(content: bytes | Path) -> bytes:
    if isinstance(content, Path):
        if content.stat().st_size > MOST_BYTES:
            raise ValueError(f"{content.stat().st_size:,} bytes; at most {MOST_BYTES:,} are read")
        content = content.read_bytes()
    if len(content) > MOST_BYTES:
        raise ValueError(f"{len(content):,} bytes; at most {MOST_BYTES:,} are read")
    return content


def _first_line(error: BaseException) -> str:
    """Why a picture does not decode, without what changes from run to run."""
    text = str(error).strip().splitlines()
    if not text or "BytesIO" in text[0]:
        return "no picture of a known format"
    return text[0][:120]
