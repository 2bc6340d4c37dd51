"""The error that a user can cause; the command line turns it into exit status 2."""

from lethebench.contract.errors import UserError


class BuildError(UserError):
    """Wrong use or bad input. The message names what was given, why it is wrong and what to do."""
