"""Errors that a user can cause; the command line turns each into one line and exit status 1 or 2."""

import errno
import os
import re

from lethebench.contract.errors import UserError, one_line

__all__ = ["CheckFailed", "UserError", "explain", "one_line"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
TOO_MANY = {errno.EMFILE, errno.ENFILE}
RUST_ERROR = re.compile(r"\(os error (\d+)\)")
"""How libraries written in Rust (safetensors, tokenizers, hf_xet) end the text of a system error."""


class CheckFailed(Exception):
    """A check failed (the memorization gate, verify): exit status 1. The message gives the value and its bound."""


def explain(error: BaseException) -> str | None:
    """Return one line for an error that a user can cause or fix, None for a bug."""
    if isinstance(error, UserError | FloatingPointError):
        return one_line(error, most=2000)
    if isinstance(error, MemoryError):
        return "out of memory: choose a smaller model or build, or free memory, and run again"
    number = system_error(error)
    if number is None:
        return None
    subject = os.fsdecode(getattr(error, "filename", None) or "") or one_line(error)
    if number in FULL:
        return f"the disk is full ({subject}): no partial output was left; free space and run again"
    if number in TOO_MANY:
        return f"too many open files ({subject}): raise the limit, e.g. `ulimit -n 4096`, and run again"
    if number in DENIED:
        reason = "read-only file system" if number == errno.EROFS else "permission denied"
        return f"{subject}: {reason}; pass another folder with --out"
    return f"{subject}: {os.strerror(number)}" if subject != one_line(error) else subject


def system_error(error: BaseException) -> int | None:
    """Return the number of an error of the operating system, None for another error."""
    if isinstance(error, OSError):
        return error.errno
    match = RUST_ERROR.search(str(error))
    return int(match[1]) if match else None
