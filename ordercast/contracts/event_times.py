"""The times that clients may give to what happened."""

from datetime import datetime, timedelta
from typing import Final

from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.limits import EARLIEST

# Clocks differ and batches wait; a time further ahead than this is a mistake that would stay "newest" for ever.
MOST_AHEAD: Final = timedelta(days=1)


def refusal(occurred_at: datetime, now: datetime, name: str = "occurred_at") -> Sentence | None:
    """Why an event cannot have happened then; None if it can."""
    if occurred_at > now + MOST_AHEAD:
        return sentence("time-in-the-future", name=name)
    if occurred_at < EARLIEST:
        return sentence("time-before-1970", name=name)
    return None
