"""Texts of models, files and other people in documents: one function for each format that they leave in."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of characters that are not seen, or that reorder others."""
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that a spreadsheet computes."""
LONGEST_NAME = 150  # bytes: endings, prefixes and marks of unfinished files fit into the 255 of a file system


def visible(text: str) -> str:
    """Return a text for HTML and other documents: hidden characters by their code points, but newlines and tabs."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in HIDDEN else f"⟨U+{ord(letter):04X}⟩"
        for letter in text
    )


def shown(value: object) -> object:
    """Return what an expression of a template prints, before it is escaped; markup of a macro stays."""
    return visible(value) if type(value) is str else value


def markdown_text(value: object) -> str:
    """Return a value as one line or cell of Markdown: no HTML, link, picture, code or emphasis comes out of it."""
    text = re.sub(r"[\\|\[\]`*~$]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", " ".join(visible(str(value)).split()))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("://", ":\u200b//")


def csv_cell(value: object) -> object:
    """Return a cell of a CSV file: texts that a spreadsheet would compute begin with an apostrophe; numbers stay."""
    if not isinstance(value, str) or _is_number(value):
        return value
    text = visible(value)
    return f"'{text}" if value.lstrip(" ").startswith(FORMULA) else text


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Return name -> part of a file name: the name itself where every file system takes it, else an encoded one.

    Names that a file system without upper case would not tell apart get different ones.
    """
    taken: set[str] = set()
    parts: dict[str, str] = {}
    for name in dict.fromkeys(names):
        part = file_name(name)
        if part.casefold() in taken:
            part = _hashed(part, name)
        taken.add(part.casefold())
        parts[name] = part
    return parts


def file_name(name: str) -> str:
    """Return a part of a file name: the name itself where every file system takes it, else an encoded one."""
    part = re.sub(r"[^\w.@+-]|^[.-]", lambda match: f"%{ord(match[0]):02X}", visible(name))
    return part if part and len(part.encode()) <= LONGEST_NAME else _hashed(part, name)


def _hashed(part: str, name: str) -> str:
    start = (part or "_").encode()[: LONGEST_NAME - 13].decode("utf-8", "ignore")
    return f"{start}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()
