"""The error that a user can cause."""


class UserError(ValueError):
    """Wrong use or bad input. The message says what was given, why it is wrong and what to do, in one line."""
