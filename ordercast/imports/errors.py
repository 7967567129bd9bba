"""What an import says where it cannot go on."""

from ordercast.errors import ActionableError


class FileUnreadable(ActionableError):
    """The file as a whole cannot be read: missing, damaged, or of a form that nobody knows."""


class Undecided(ActionableError):
    """The file does not say enough; `hint` names the option that does."""


class RejectsUnwritable(ActionableError):
    """The file of refused rows cannot be made or written to."""
