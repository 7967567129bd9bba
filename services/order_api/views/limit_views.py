"""How many views a customer may add: people look at a few products a minute, and a model is trained on what they looked at.

Kept in this process alone, for views cost no look into the database: with several order_apis an account may add as much at each,
and a restarted one begins anew. It holds off who adds views without end, not who adds a few more.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ordercast.services.order_api.errors import TooManyViews

# Accounts after which those are forgotten that may add the whole minute's views again: some 1 MB.
REMEMBERED: Final = 10_000
# Whole nanoseconds, for with floating-point seconds a full bucket could lack a rounding error of the views it holds.
_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND


@dataclass
class LimitViews:
    """A bucket for each account: it holds the views of one minute, and fills up evenly. `now` is a clock (ns)."""

    per_minute: int
    now: Callable[[], int] = time.monotonic_ns
    # When the account's bucket is full again.
    _full_at: dict[int, int] = field(default_factory=dict)

    def charge(self, account_id: int, views: int) -> None:
        """Takes the views from the account's bucket.

        Raises:
            TooManyViews: it does not hold so many now; the error says when it does.
        """
        now = self.now()
        full_at = max(self._full_at.get(account_id, now), now) + views * _MINUTE // self.per_minute
        too_early = full_at - now - _MINUTE
        if too_early > 0:
            retry_after_s = -(-too_early // _SECOND)  # rounded up
            raise TooManyViews(f"a customer may add {self.per_minute} views a minute", retry_after_s=retry_after_s)
        if len(self._full_at) >= REMEMBERED:
            self._full_at = {account: full for account, full in self._full_at.items() if full > now}
        self._full_at[account_id] = full_at
