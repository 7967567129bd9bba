"""How often somebody logs in, the right passwords counted, too: each costs a hash, and who knows one password must not keep the
threads busy that hash everybody's.

Counted for an email and a network address, as failures are: who logs in all the time keeps nobody else out, nor the same person who
comes from elsewhere.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ordercast.services.order_api.accounts.limit_failed_log_ins import LimitFailedLogIns
from ordercast.services.order_api.errors import LogInsTooFrequent
from ordercast.services.shared.http.token_buckets import TokenBuckets, rate_limit_headers


class LimitLogIns:
    """`now` is a clock (ns)."""

    def __init__(self, per_minute: int, failed: LimitFailedLogIns, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._buckets = TokenBuckets[tuple[str, str]](per_minute, now)
        self._failed = failed

    @contextmanager
    def tried(self, email: str, address: str) -> Iterator[Mapping[str, str]]:
        """Around a try to log in, with the headers that say how many more are left once it has succeeded.

        A try that fails counts with the failures alone: nobody learns here whether it was near.

        Raises:
            LogInsTooFrequent: too many have succeeded; the error says when to try again.
            TooManyLogIns: too many have failed.
        """
        who, quota = (email.lower(), address), self._buckets.per_minute
        if wait_s := self._buckets.take(who):
            raise LogInsTooFrequent(
                f"one may log in {quota} times a minute; refresh the tokens", retry_after_s=wait_s, quota=quota
            )
        try:
            with self._failed.tried(email, address):
                yield rate_limit_headers(
                    LogInsTooFrequent.policy, quota, self._buckets.left(who), self._buckets.more_in_s
                )
        except BaseException:
            self._buckets.give_back(who)
            raise
