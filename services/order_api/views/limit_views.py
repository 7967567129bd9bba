"""How many views a customer may add: people look at a few products a minute, and a model is trained on what they looked at.

Single views count as many as they say, a batch its lines: its counts are what somebody has added up before. Views cost no look
into the database, so this is kept in memory. It holds off who adds views without end, not who adds a few more.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from ordercast.services.order_api.errors import TooMany, TooManyLines, TooManyViews
from ordercast.services.shared.http.token_buckets import TokenBuckets, rate_limit_headers


class LimitViews:
    """A bucket for each account; `error` names what is counted in it. `now` is a clock (ns)."""

    def __init__(self, per_minute: int, error: type[TooMany], now: Callable[[], int] = time.monotonic_ns) -> None:
        self._buckets = TokenBuckets[int](per_minute, now)
        self._error = error

    def charge(self, account_id: int, count: int) -> None:
        """Takes so many from the account's bucket.

        Raises:
            TooMany: it does not hold so many now; the error says when it does.
        """
        if wait_s := self._buckets.take(account_id, count):
            quota, what = self._buckets.per_minute, self._error.policy.replace("-", " ")
            raise self._error(f"a customer may add {quota} {what} a minute", retry_after_s=wait_s, quota=quota)

    def told(self, account_id: int) -> dict[str, str]:
        """The headers that say what is left."""
        buckets = self._buckets
        return rate_limit_headers(self._error.policy, buckets.per_minute, buckets.left(account_id), buckets.more_in_s)


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """Of a customer's single views, and of the lines of batches. Others meet neither."""

    single: LimitViews
    lines: LimitViews

    @classmethod
    def of(cls, views: int, lines: int) -> Self:
        return cls(LimitViews(views, TooManyViews), LimitViews(lines, TooManyLines))
