"""Everything that the console refuses or cannot do, in one tree."""


class ConsoleError(Exception):
    """The tree's root."""


class LoggedOut(ConsoleError):
    """Nobody is logged in, or no longer: the page shows after a log-in."""


class FormRefused(ConsoleError):
    """Permanent: a form that this browser did not get from here, or whose page was too old."""


class NotForCustomers(ConsoleError):
    """Permanent: the account may order, but does not run the shop."""


class FileGone(ConsoleError):
    """Permanent: a file that was handed in is no longer here, or is another's."""


class TooManyFiles(ConsoleError):
    """Transient: as many files as may lie here are being read or sent, or are to be sent by others."""


class NotForOperators(ConsoleError):
    """Permanent: the account runs the shop, and only an admin may do this."""
