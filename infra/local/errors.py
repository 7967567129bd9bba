"""What can go wrong around the embedded system, each with a way to fix it."""

from ordercast.errors import ActionableError


class StateFolderUnusable(ActionableError):
    """The folder cannot be made or written."""


class StateFolderBusy(ActionableError):
    """Another supervisor works on this folder."""


class NotRunning(ActionableError):
    """No system runs on this folder."""


class PortsTaken(ActionableError):
    """Other programs listen where the system should."""


class JarsUnavailable(ActionableError):
    """A jar of the broker could not be fetched, or is not the one in the lock file."""


class PrometheusMissing(ActionableError):
    """The machine has no Prometheus, and one was asked for."""


class NoSuchProcess(ActionableError):
    """The system has no process or service of that name."""


class StartFailed(ActionableError):
    """A process did not become healthy; the message ends with the last lines of its log."""
