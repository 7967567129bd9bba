"""Errors that a person at the terminal can act on."""


class CannotStart(Exception):
    """Permanent: the program cannot run as it is set up. The message is one line that says what to change."""
