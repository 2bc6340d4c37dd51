"""Languages that texts can be written in, and whether the fonts of documents and pictures can print them."""

from typing import NamedTuple

from lethebench.contract.errors import UserError


class Language(NamedTuple):
    """A language: its English name, and letters that it has beside a to z."""

    name: str
    letters: str


LANGUAGES = {"en": Language("English", "")}
"""Code -> language."""


def check_language(code: str) -> None:
    """Raise UserError unless texts can be written, and printed, in a language."""
    if code not in LANGUAGES:
        raise UserError(f"--language {code}: unknown; pass one of {', '.join(sorted(LANGUAGES))}")
