"""The error that a user can cause, and the border that turns errors of other libraries into it."""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lethebench.contract.secrets import redact

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE}
"""Errors of the machine rather than of the input: `border` lets them pass."""


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys or that reorder its text; newline and tab are not among them."""


class UserError(ValueError):
    """Wrong use or bad input. The message says what was given, why it is wrong and what to do, in one line."""


def printable(text: str) -> str:
    """Return a text for a terminal: control and bidirectional characters as escapes, without secrets.

    Texts of servers and files hold any. Call it before a text is cut, as `redact`.
    """
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", redact(text))


def one_line(error: BaseException, most: int = 300) -> str:
    """Return at most `most` characters of an error's text in one line, or its type if it has none."""
    text = printable(" ".join(str(error).split()))
    return text if len(text) <= most and text else text[: most - 3] + "..." if text else type(error).__name__


@contextmanager
def border(
    subject: str,
    cure: str,
    *,
    error_type: type[UserError] = UserError,
    explain: Callable[[Exception], str | None] = lambda error: None,
) -> Iterator[None]:
    """Raise UserError for whatever the code inside raises; libraries raise errors of many types for bad input.

    A UserError and the errors of the disk (`DISK_ERRORS`) pass unchanged. The cause
    is kept for `lethe --debug`.

    Args:
        subject: the file, folder or id that was read, and what cannot be done with it.
        cure: what the user can do.
        error_type: the error to raise.
        explain: replaces the text of an error where it returns one.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise
        raise error_type(f"{subject}: {explain(error) or one_line(error)}; {cure}") from error
