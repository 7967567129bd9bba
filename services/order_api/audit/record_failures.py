"""Writes lines of the audit log of log-ins that failed, and few of a flood."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.http.token_buckets import TokenBuckets

# Lines of log-ins that failed, in a minute, of an address (or an IPv6 /64) and of all together: a flood of them costs 144,000 lines
# (some 30 MB) a day and process at most.
FAILURES_OF_ADDRESS: Final = 20
FAILURES_IN_ALL: Final = 100


class LimitFailures:
    """Which failed log-ins get a line. `now` is a clock (ns)."""

    def __init__(self, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._of_address = TokenBuckets[str](FAILURES_OF_ADDRESS, now)
        self._in_all = TokenBuckets[None](FAILURES_IN_ALL, now)
        self._left_out = 0

    def admitted(self, party: str) -> int | None:
        """How many were left out since the line before; None where this one is, too."""
        if self._of_address.take(party) or self._in_all.take(None):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out


@dataclass(frozen=True, slots=True)
class RecordFailures:
    """Lines of log-ins that failed."""

    sessions: Sessions
    limit: LimitFailures = field(default_factory=LimitFailures)

    async def record(self, account_id: int | None, address: str | None, reason: str) -> None:
        """In a transaction of its own, since the request fails; in the same time with and without an account."""
        left_out = self.limit.admitted(party_of(address or ""))
        if left_out is None:
            return
        details = {"reason": reason} | ({"left_out": left_out} if left_out else {})
        subject = None if account_id is None else f"accounts/{account_id}"
        async with self.sessions() as session, session.begin():
            record(session, "log-in-failed", subject=subject, address=address, details=details)
