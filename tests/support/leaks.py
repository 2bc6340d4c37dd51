"""Forms in which a server may repeat a key, and a search for what is left of it in files and output."""

import base64
import html
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

KEY = "sk-proj-A7f_Q2xZ9LmT4vB1nR8yKc3WdH6uJ0sEgP5oXiYtVaNbMqCz"
PIECE = 12


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def encoded(text: str, before: str = "") -> str:
    return base64.b64encode((before + text).encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "header": lambda key: f"Authorization: Bearer {key}",
    "repr": lambda key: repr({"Authorization": f"Bearer {key}"}),
    "cut at 40": lambda key: key[:40] + "...",
    "cut in front": lambda key: "..." + key[17:],
    "12 characters": lambda key: f"{key[20:32]}",
    "far in": lambda key: "x" * 190 + key,
    "lower": str.lower,
    "reversed": lambda key: f"Bearer {key}"[::-1],
    "in lines": lambda key: "\n".join(key[start : start + 8] for start in range(0, len(key), 8)),
    "percent": percent,
    "quote": lambda key: quote(key.replace("_", "/"), safe="").replace("%2F", "_"),
    "percent twice": lambda key: percent(key).replace("%", "%25"),
    "percent in part": lambda key: percent(key[:9]) + key[9:20] + percent(key[20:]),
    "JSON": lambda key: json.dumps(key),
    "JSON escapes": escapes,
    "JSON escapes twice": lambda key: json.dumps(escapes(key)),
    "hexadecimal escapes": lambda key: "".join(f"\\x{ord(character):02x}" for character in key),
    "entities": lambda key: "".join(f"&#{ord(character)};" for character in key),
    "hexadecimal entities": lambda key: "".join(f"&#x{ord(character):X};" for character in key),
    "named entities": lambda key: html.escape(key).replace("_", "&lowbar;"),
    "base64": encoded,
    "base64 of Bearer": lambda key: encoded(key, "Bearer "),
    "base64 of user": lambda key: encoded(key, "user:"),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(f"token {key}".encode()).decode().rstrip("="),
    "base64 of a piece": lambda key: encoded(key[5:18]),
    "base64 in lines": lambda key: "\n".join(encoded(key)[start : start + 20] for start in range(0, 80, 20)),
    "base64 in percent": lambda key: quote(encoded(key, ":"), safe=""),
    "hexadecimal": lambda key: key.encode().hex(),
}
"""Name -> how a server repeats a key."""


def pieces(key: str) -> Iterator[str]:
    """Every piece of a key that must not be left, in every encoding."""
    for start in range(len(key) - PIECE + 1):
        piece = key[start : start + PIECE]
        yield from (piece, piece[::-1], piece.lower(), percent(piece), escapes(piece), piece.encode().hex())
        yield from (FORMS["entities"](piece), FORMS["hexadecimal entities"](piece))
        yield from (FORMS["percent twice"](piece), json.dumps(escapes(piece))[1:-1])
        yield FORMS["hexadecimal escapes"](piece)
        for before in range(3):
            core = encoded(piece, "\0" * before).rstrip("=")[before and before + 1 : -1]
            yield from (core, core.replace("+", "-").replace("/", "_"))


@cache
def _all_pieces(key: str) -> frozenset[str]:
    return frozenset(pieces(key))


def assert_no_piece(content: str, key: str = KEY) -> None:
    """Assert that a text holds no piece of a key, blanks left out or not."""
    for text in (content, "".join(content.split())):
        for piece in _all_pieces(key):
            assert piece not in text, (piece, text[max(0, text.index(piece) - 80) :][:200])


def assert_no_piece_in_files(folder: Path, key: str = KEY) -> None:
    """Assert the same of every file in a folder, of Parquet files decompressed."""
    for path in filter(Path.is_file, folder.rglob("*")):
        assert_no_piece(path.read_bytes().decode("latin-1"), key)
        if path.suffix == ".parquet":
            assert_no_piece(json.dumps(pq.read_table(path).to_pylist(), default=str), key)
