"""What to do next where an error does not say so itself."""

import errno
import os
from typing import Final

from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.secret_variables import secret_variable
from ordercast.system.access import KEY_VARIABLE, UNAUTHORIZED

# What shows the things of which there is none of that id, by the kind of problem.
LISTED_BY: Final = {
    "account-not-found": "ordercast admin list",
    "api-key-not-found": "ordercast api-keys list",
    "dead-letter-not-found": "ordercast dead-letters list",
    "training-not-found": "ordercast trainings list",
    "unknown-model": "ordercast models list",
    "webhook-not-found": "ordercast webhooks list",
    "delivery-not-found": "ordercast webhooks deliveries ID",
}
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def next_step(error: Exception, where: str) -> str:
    """One line, or nothing. `where` is how the next command names the same system."""
    match error:
        case ProblemAnswer() if error.kind in LISTED_BY:
            return f"what there is: {LISTED_BY[error.kind]}{where}"
        case ProblemAnswer(status=status) if status == UNAUTHORIZED and secret_variable(KEY_VARIABLE, os.environ):
            return f"it is the key in {KEY_VARIABLE}; `ordercast api-keys create` makes another one"
        case ProblemAnswer(kind="webhook-url-refused"):
            return "for receivers in your own network start it with ORDERCAST_WEBHOOK_PRIVATE_ADDRESSES=true"
        case ServiceUnreachable():
            return f"what runs, and what does not: ordercast status{where}"
        case OSError(errno=number) if number in _FORBIDDEN:
            return "name another place, or run it in a folder that you may write to"
        case OSError(errno=errno.ENOSPC):
            return "make room on that disk, or name another place"
    return ""


def in_words(error: Exception) -> str:
    """The error's text; of the operating system's the file and the reason, without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)
