"""Convert pictures of a release: decode, turn upright, strip metadata, and encode as all our pictures are.

Converted pictures wait in a folder of the unfinished build, so that none is decoded twice or kept in memory.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from lethebench.builders.write.pictures import encode, thumbnail
from lethebench.builders.write.pool import ordered
from lethebench.contract.image_reader import Decoded, PictureError, read_picture

LONGEST = 1024
"""The longest side of an imported picture, in pixels; larger ones are shrunk."""
MOST_BYTES = 64 << 20


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
        content = bytes_of(raw.content)
        picture = open_picture(content)
    except PictureError as error:
        return Picture(raw.name, reason=str(error))
    file = f"{number:06d}.jpg"  # written outside the block above: a full disk is not the picture's fault
    (folder / file).write_bytes(encode(picture.image))
    (folder / f"{file}.small").write_bytes(encode(thumbnail(picture.image)))
    return Picture(raw.name, file, sha256(content).hexdigest(), picture.size, picture.format)


def bytes_of(content: bytes | Path) -> bytes:
    """Return the bytes of a picture; raise PictureError if they cannot be read or are more than MOST_BYTES."""
    try:
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        if size > MOST_BYTES:
            raise PictureError(f"{size:,} bytes; the limit is {MOST_BYTES:,}")
        return content.read_bytes() if isinstance(content, Path) else content
    except OSError as error:
        raise PictureError(f"{error.strerror or type(error).__name__}") from error


def open_picture(content: bytes) -> Decoded:
    """Return an RGB picture of at most LONGEST pixels a side on white, with its size and format as released.

    Raises:
        PictureError: as `read_picture`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the metadata, which is dropped
        return read_picture(content, background="white", longest=LONGEST)
