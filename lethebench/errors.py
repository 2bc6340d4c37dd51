"""What a user can cause. The command line turns each into exit status 1 or 2 and one line."""

import errno

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class UserError(ValueError):
    """Wrong use or bad input. The message says what was given, why it is wrong and what to do."""


class CheckFailed(Exception):
    """A check said no (the gate, verify): exit status 1. The message says which figure missed which bound."""


def explain(error: BaseException) -> str | None:
    """The one line for an error that a user can cause or mend, None for one that is a bug of ours."""
    if isinstance(error, OSError):
        if error.errno in FULL:
            return (
                f"the disk is full ({error.filename or error}): nothing half written was left; free space and run again"
            )
        if isinstance(error, PermissionError):
            return f"{error.filename}: no permission to write or read there; give another folder with --out"
        return None
    from lethebench.builders import BuildError
    from lethebench.report import ReportError

    if isinstance(error, (UserError, BuildError, ReportError, FloatingPointError)):
        return " ".join(str(error).split())
    return None
