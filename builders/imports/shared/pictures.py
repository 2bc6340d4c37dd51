"""Convert pictures of a release: decode, turn upright, strip metadata, and encode as all our pictures are.

Converted pictures wait in a folder of the unfinished build, so that none is decoded twice or kept in memory.
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
"""The longest side of an imported picture, in pixels; larger ones are shrunk."""
MOST_PIXELS = 64_000_000
MOST_BYTES = 64 << 20
Image.init()
_KINDS = tuple(kind for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if kind in Image.OPEN)


@dataclass(frozen=True)
class RawPicture:
    """A picture as released: its name, and its bytes or path."""

    name: str
    content: bytes | Path


@dataclass(frozen=True)
class Picture:
    """A converted picture with SHA-256, size and format as released, or the reason why it does not decode.

    `file` is the name of the converted picture in the folder.
    """

    name: str
    file: str = ""
    sha256: str = ""
    size: tuple[int, int] = (0, 0)
    kind: str = ""
    reason: str = ""

    @property
    def provenance(self) -> str:
        """What it was converted from, for `details` of its profile."""
        return f"sha256 {self.sha256}, {self.size[0]} x {self.size[1]}, {self.kind}"

    def read(self, folder: Path) -> bytes:
        """Return the converted picture."""
        return (folder / self.file).read_bytes()

    def read_thumbnail(self, folder: Path) -> bytes:
        """Return its thumbnail."""
        return (folder / f"{self.file}.small").read_bytes()


def convert(pictures: Iterable[RawPicture], folder: Path, *, num_proc: int) -> Iterator[Picture]:
    """Write each picture and its thumbnail to a folder; yield one Picture each, in order."""
    yield from ordered(_convert, enumerate(pictures), shared=folder, num_proc=num_proc)


def _convert(item: tuple[int, RawPicture], folder: Path) -> Picture:
    number, raw = item
    try:
        content = _content(raw.content)
        picture, size, kind = open_picture(content)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        return Picture(raw.name, reason=_first_line(error))
    file = f"{number:06d}.jpg"  # written outside the block above: a full disk is not the picture's fault
    (folder / file).write_bytes(encode(picture))
    (folder / f"{file}.small").write_bytes(encode(thumbnail(picture)))
    return Picture(raw.name, file, sha256(content).hexdigest(), size, kind)


def open_picture(content: bytes) -> tuple[Image.Image, tuple[int, int], str]:
    """Return an RGB picture of at most LONGEST pixels a side without metadata, with its size and format as released.

    Raises OSError, ValueError, SyntaxError or EOFError if it is not a whole picture or has too many pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the metadata, which is dropped
        try:
            picture: Image.Image = Image.open(io.BytesIO(content), formats=_KINDS)
        except Image.DecompressionBombError:
            raise ValueError(f"more than {MOST_PIXELS:,} pixels") from None
        size, kind = picture.size, picture.format or ""
        if size[0] * size[1] > MOST_PIXELS:
            raise ValueError(f"{size[0]} x {size[1]} pixels; the limit is {MOST_PIXELS:,}")
        picture.draft("RGB", (LONGEST, LONGEST))  # JPEG: decoded at a fraction of its size, never below LONGEST
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
    except Exception:  # Pillow raises many kinds of error for broken metadata; the picture itself is intact
        return picture


def _content(content: bytes | Path) -> bytes:
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    if size > MOST_BYTES:
        raise ValueError(f"{size:,} bytes; the limit is {MOST_BYTES:,}")
    return content.read_bytes() if isinstance(content, Path) else content


def _first_line(error: BaseException) -> str:
    """Return why a picture does not decode, without what changes from run to run."""
    lines = str(error).strip().splitlines()
    if not lines or "BytesIO" in lines[0]:
        return "not a picture of a known format"
    return lines[0][:120]
