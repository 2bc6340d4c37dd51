"""Pictures as cameras, scanners, phones and microscopes write them, and TIFF and PNG files made byte by byte."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

GRADIENT = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
"""Gray levels of 16 bits, dark to bright from left to right; the mean is 127 of 255."""


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def tiff(samples: bytes, bits: int, *, form: int = 1, photometric: int = 1, big: bool = False, **tags: int) -> bytes:
    """A TIFF of 64 x 48 pixels without compression; `form` 1: unsigned, 2: signed, 3: floating-point samples."""
    order = ">" if big else "<"
    planes = 3 if photometric == 2 else 1
    after = 8 + 2 + 12 * (10 + len(tags)) + 4
    values = {256: 64, 257: 48, 258: bits, 259: 1, 262: photometric, 273: after + 6 * (planes > 1), 277: planes}
    values |= {278: 48, 279: len(samples), 339: form, **{int(tag[1:]): value for tag, value in tags.items()}}
    file = (b"MM\0*" if big else b"II*\0") + struct.pack(f"{order}IH", 8, len(values))
    for tag, value in sorted(values.items()):
        if planes > 1 and tag == 258:
            file += struct.pack(f"{order}HHII", tag, 3, planes, after)
        elif tag in (273, 279):
            file += struct.pack(f"{order}HHII", tag, 4, 1, value)
        else:
            file += struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
    file += struct.pack(f"{order}I", 0)
    return file + (struct.pack(f"{order}3H", bits, bits, bits) if planes > 1 else b"") + samples


def packed_12_bits(levels: np.ndarray) -> bytes:
    """Levels below 4096, two in three bytes."""
    pairs = levels.reshape(-1, 2).astype(np.uint32)
    first, second = pairs[:, 0], pairs[:, 1]
    return np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8).tobytes()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(levels: np.ndarray, color_type: int, *chunks: bytes) -> bytes:
    """A PNG of 16 bits a sample; levels have the shape (height, width[, channels])."""
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + end


def with_chunks(content: bytes, *chunks: bytes) -> bytes:
    """A PNG with further chunks after its header."""
    return content[:33] + b"".join(chunks) + content[33:]
