"""Keep API keys and Hub tokens out of what is written and printed, in whatever encoding a server repeats them."""

import base64
import html
import os
import re
from collections.abc import Iterator
from functools import cache
from mmap import mmap

NAMES = ("OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Environment variables that hold a secret."""
PIECE = 12
"""Length from which on a piece of a secret is redacted."""
SHORTEST = 8
"""Shorter values are placeholders for servers without keys, such as "none" or "EMPTY", and are not redacted."""
MARK = "***"
_ROUNDS = 3  # an escape within an escape within an escape
_ESCAPE = re.compile(
    r"""
    %u(?P<percent_unicode>[0-9a-f]{4}) | %(?P<percent>[0-9a-f]{2})
    | \\+u\{?(?P<unicode>[0-9a-f]{4,6})\}? | \\+x(?P<hex>[0-9a-f]{2}) | \\+(?P<plain>[^\sa-z0-9])
    | &\#x0*(?P<entity_hex>[0-9a-f]{1,6});? | &\#0*(?P<entity>[0-9]{1,7});? | (?P<name>&[a-z]{2,12};)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# One alphabet for base64 and its URL-safe form, and for servers that change the case.
_ALIKE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", "abcdefghijklmnopqrstuvwxyz+/")
_FOR_URLS = str.maketrans("+/", "-_")
_protected: set[str] = set()

Characters = list[tuple[str, int, int]]
"""A decoded text: each character with the start and end of its encoded form in the original."""


def protect(secret: str | None) -> None:
    """Redact a secret from now on that is not in an environment variable of NAMES."""
    if secret:
        _protected.add(secret)


def redact(text: str) -> str:
    r"""Return a text with `***` in the place of every secret, and of every piece of one of PIECE characters or more.

    Secrets are those of the environment (NAMES) and of `protect`. They are found plain, reversed, in another case,
    broken by blanks, percent-encoded, as JSON or HTML escapes, in hexadecimal and in base64 at any alignment.

    Call it before a text is cut: what is left of a secret after a cut may be shorter than PIECE.

    >>> protect("sk-0123456789abcdef")
    >>> redact("wrong key: sk-0123456789abc..."), redact(r"\u0073k%2d0123456789abcdef")
    ('wrong key: ***...', '***')
    """
    secrets = _protected.union(filter(None, map(os.environ.get, NAMES)))
    pieces = _pieces(frozenset(secret.strip() for secret in secrets if len(secret.strip()) >= SHORTEST))
    return _replaced(text, _spans(text, pieces)) if pieces else text


def holds(content: bytes | mmap, secret: str, *, text: bool) -> bool:
    """Return whether a file holds a secret that `redact` would replace; a GB takes 10 s, and a MB of text 0.3 s.

    Args:
        content: The file, of any size.
        secret: The secret.
        text: Whether to look for escapes and pieces too, as `redact`; else for the whole secret in each encoding.
    """
    secret = secret.strip()
    if len(secret) < SHORTEST:
        return False
    if not text:
        return _whole(secret).search(content) is not None
    pieces = _pieces(frozenset({secret}))
    rest = bytes(content).decode("utf-8", "replace")
    for _ in range(_ROUNDS + 1):
        dense = "".join(rest.split()).translate(_ALIKE)
        for match in _parts(secret).finditer(dense):
            near = dense[max(0, match.start() - 2 * PIECE) : match.end() + 2 * PIECE]
            if any(piece in near for windows in pieces.values() for piece in windows):
                return True
        rest, count = _ESCAPE.subn(lambda match: _character(match) or match[0], rest)
        if not count:
            break
    return False


def fault_of(secret: str) -> str | None:
    """Return why a key cannot be sent in an HTTP header, without the key; None if it can."""
    for index, character in enumerate(secret):
        if character in "\r\n":
            return "it holds a line break" + (" at its end" if not secret[index:].strip() else "")
        if character.isspace():
            return "it holds a blank" if secret.strip() else "it is blank"
        if not "!" <= character <= "~":
            kind = "a control character" if ord(character) < 128 else "a character beyond ASCII"
            return f"it holds {kind} (U+{ord(character):04X}) at position {index + 1}"
    return None


@cache
def _pieces(secrets: frozenset[str]) -> dict[int, frozenset[str]]:
    """Return length -> the shortest pieces of that length that are redacted, in every form that is searched."""
    pieces: dict[int, set[str]] = {}
    for secret in secrets:
        shortest = min(PIECE, len(secret))
        for form, length in _forms(secret, shortest):
            form = form.translate(_ALIKE)
            windows = (form[start : start + length] for start in range(len(form) - length + 1))
            pieces.setdefault(length, set()).update(windows)
    return {length: frozenset(windows) for length, windows in pieces.items()}


def _forms(secret: str, shortest: int) -> Iterator[tuple[str, int]]:
    """Yield a secret in each encoding without escapes, and the length that `shortest` characters have in it."""
    yield secret, shortest
    yield secret[::-1], shortest
    content = secret.encode("utf-8", "surrogatepass")
    yield content.hex(), 2 * shortest
    for before in range(3):
        # Only the characters of base64 that hold no bit of a neighbor.
        encoded = base64.b64encode(b"\0" * before + content).decode().rstrip("=")
        first, end = -(-8 * before // 6), 8 * (before + len(content)) // 6
        yield encoded[first:end], 8 * shortest // 6 - 1


def _spans(text: str, pieces: dict[int, frozenset[str]]) -> list[tuple[int, int]]:
    """Return start and end of every piece in a text and in what its escapes stand for."""
    spans: list[tuple[int, int]] = []
    characters: Characters = [(character, index, index + 1) for index, character in enumerate(text)]
    for _ in range(_ROUNDS + 1):
        spans += _found(characters, pieces)
        decoded = _decoded(characters)
        if len(decoded) == len(characters):
            break
        characters = decoded
    return spans


@cache
def _whole(secret: str) -> re.Pattern[bytes]:
    """Return a pattern of the whole secret in every form without escapes."""
    forms = [form for form, _ in _forms(secret, len(secret))]
    forms += [form.translate(_FOR_URLS) for form in forms] + [secret.encode("utf-8", "surrogatepass").hex().upper()]
    return re.compile(b"|".join(re.escape(form.encode("utf-8", "surrogatepass")) for form in dict.fromkeys(forms)))


@cache
def _parts(secret: str) -> re.Pattern[str]:
    """Return a pattern of parts of half a piece, half a piece apart: one is in every piece that is redacted."""
    parts: dict[str, None] = {}
    for form, length in _forms(secret, min(PIECE, len(secret))):
        step = length // 2
        size = length - step + 1
        starts = range(0, max(1, len(form) - size + 1), step)
        parts |= {re.escape(form[start : start + size].translate(_ALIKE)): None for start in starts}
    return re.compile("|".join(parts))


def _found(characters: Characters, pieces: dict[int, frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Yield start and end, in the original, of every piece; blanks do not count."""
    dense = [entry for entry in characters if not entry[0].isspace()]
    text = "".join(entry[0] for entry in dense).translate(_ALIKE)
    for length, windows in pieces.items():
        for start in range(len(text) - length + 1):
            if text[start : start + length] in windows:
                yield dense[start][1], dense[start + length - 1][2]


def _decoded(characters: Characters) -> Characters:
    """Return the characters with one layer of escapes decoded."""
    text = "".join(entry[0] for entry in characters)
    decoded: Characters = []
    end = 0
    for match in _ESCAPE.finditer(text):
        character = _character(match)
        if character is not None:
            decoded += characters[end : match.start()]
            decoded.append((character, characters[match.start()][1], characters[match.end() - 1][2]))
            end = match.end()
    return decoded + characters[end:]


def _character(match: re.Match[str]) -> str | None:
    """Return the character of an escape, None if it stands for none or for several."""
    kind, value = match.lastgroup or "", match[match.lastgroup or 0]
    if kind == "plain":
        return value
    if kind == "name":
        character = html.unescape(value)
        return character if len(character) == 1 else None
    number = int(value, 10 if kind == "entity" else 16)
    return chr(number) if number < 0x110000 else None


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    parts, last = [], 0
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    for start, end in merged:
        parts += [text[last:start], MARK]
        last = end
    return "".join([*parts, text[last:]])
