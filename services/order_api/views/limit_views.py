"""How many views a customer may add: people look at a few products a minute, and a model is trained on what they looked at.

Views cost no look into the database, so this is kept in memory. It holds off who adds views without end, not who adds a few more.
"""

import time
from collections.abc import Callable

from ordercast.services.order_api.errors import TooManyViews
from ordercast.services.order_api.token_buckets import TokenBuckets


class LimitViews:
    """A bucket for each account. `now` is a clock (ns)."""

    def __init__(self, per_minute: int, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._buckets = TokenBuckets[int](per_minute, now)

    def charge(self, account_id: int, views: int) -> None:
        """Takes the views from the account's bucket.

        Raises:
            TooManyViews: it does not hold so many now; the error says when it does.
        """
        if wait_s := self._buckets.take(account_id, views):
            quota = self._buckets.per_minute
            raise TooManyViews(f"a customer may add {quota} views a minute", retry_after_s=wait_s, quota=quota)
