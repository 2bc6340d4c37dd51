"""Errors that a user can cause; the command line turns each into one line and exit status 1 or 2."""

import errno

from lethebench.contract.errors import UserError, one_line

__all__ = ["CheckFailed", "UserError", "explain", "one_line"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class CheckFailed(Exception):
    """A check failed (the memorization gate, verify): exit status 1. The message gives the value and its bound."""


def explain(error: BaseException) -> str | None:
    """Return one line for an error that a user can cause or fix, None for a bug."""
    if isinstance(error, PermissionError):
        return f"{error.filename}: permission denied; pass another folder with --out"
    if isinstance(error, OSError) and error.errno in FULL:
        return f"the disk is full ({error.filename or error}): no partial output was left; free space and run again"
    if isinstance(error, UserError | FloatingPointError):
        return one_line(error, most=2000)
    return None
