"""What can go wrong around the embedded system, each with a way to mend it."""


class LocalError(Exception):
    """A problem that the user can act on. `str(error)` is one or more plain sentences, `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class StateFolderUnusable(LocalError):
    """The folder cannot be made or written."""


class StateFolderBusy(LocalError):
    """Another supervisor works on this folder."""


class NotRunning(LocalError):
    """No system runs on this folder."""


class PortsTaken(LocalError):
    """Other programs listen where the system should."""


class JarsUnavailable(LocalError):
    """A jar of the broker could not be fetched, or is not the one in the lock file."""


class PrometheusMissing(LocalError):
    """The machine has no Prometheus, and one was asked for."""


class StartFailed(LocalError):
    """A process did not become healthy; the message ends with the last lines of its log."""
