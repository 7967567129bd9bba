"""How often somebody logs in, the right passwords counted, too: each costs a hash, and who knows one password must not keep the
threads busy that hash everybody's.

Counted as failures are. For an email and a network address: who logs in all the time keeps nobody else out, nor the same person who
comes from elsewhere. And for the network address with all emails, since one may have signed up many accounts.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.limit_failed_log_ins import LimitFailedLogIns
from ordercast.services.order_api.errors import FailedLogIn, LogInsTooFrequent, Permanent
from ordercast.services.shared.http.token_buckets import TokenBuckets, rate_limit_headers


class LimitLogIns:
    """`now` is a clock (ns)."""

    def __init__(
        self, per_email: int, per_address: int, failed: LimitFailedLogIns, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._of_email = TokenBuckets[tuple[str, str]](per_email, now)
        self._of_address = TokenBuckets[str](per_address, now)
        self._failed = failed

    @contextmanager
    def tried(self, email: str, address: str) -> Iterator[Mapping[str, str]]:
        """Around a try to log in, with the headers that say how many more are left once it has succeeded.

        A try with a wrong password counts with the failures alone: nobody learns here whether it was near.

        Raises:
            LogInsTooFrequent: too many have succeeded; the error says when to try again.
            TooManyLogIns: too many have failed.
        """
        who, of_email = (email.lower(), address), self._of_email
        if wait_s := of_email.take(who):
            raise _too_frequent(wait_s, of_email.per_minute, "log-ins-of-email")
        if wait_s := self._of_address.take(address):
            of_email.give_back(who)
            raise _too_frequent(wait_s, self._of_address.per_minute, "log-ins-from-address")
        try:
            with self._failed.tried(email, address):
                yield rate_limit_headers(
                    LogInsTooFrequent.policy, of_email.per_minute, of_email.left(who), of_email.more_in_s
                )
        except BaseException as error:
            # Refused for another reason than the password: that was right, and cost its hash.
            if not isinstance(error, Permanent) or isinstance(error, FailedLogIn):
                of_email.give_back(who)
                self._of_address.give_back(address)
            raise


def _too_frequent(wait_s: int, quota: int, code: str) -> LogInsTooFrequent:
    return LogInsTooFrequent(sentence(code, quota=quota), retry_after_s=wait_s, quota=quota)
