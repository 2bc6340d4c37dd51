"""The error that a user can cause; the command line turns it into exit status 2."""

from lethebench.contract.errors import UserError


def first_line(error: BaseException, most: int = 160) -> str:
    """Return at most `most` characters of the first line of an error, or its type."""
    lines = str(error).strip().splitlines()
    return lines[0][:most] if lines else type(error).__name__


class BuildError(UserError):
    """Wrong use or bad input. The message names what was given, why it is wrong and what to do."""
