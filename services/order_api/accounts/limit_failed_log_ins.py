"""How often a wrong password may be tried, whether or not there is an account with the email address.

Counted for an email and the network address that tries it: a stranger who guesses keeps nobody out who logs in from elsewhere. And
for the network address with all emails: each try costs a password's hash. A try counts from its beginning, so that many at
once are no way around it, and no more once its password was right.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import FailedLogIn, TooManyLogIns
from ordercast.services.shared.http.token_buckets import TokenBuckets


class LimitFailedLogIns:
    """`now` is a clock (ns)."""

    def __init__(self, per_email: int, per_address: int, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._of_email = TokenBuckets[tuple[str, str]](per_email, now)
        self._of_address = TokenBuckets[str](per_address, now)

    @contextmanager
    def tried(self, email: str, address: str) -> Iterator[None]:
        """Around a try to log in, or to show in another way whose account it is, which counts if it ends with FailedLogIn.

        Raises:
            TooManyLogIns: too many have failed; the error says when to try again.
        """
        who = email.lower(), address
        if wait_s := self._of_email.take(who):
            raise _too_many(wait_s, self._of_email.per_minute, "log-ins-of-email-failed")
        if wait_s := self._of_address.take(address):
            self._of_email.give_back(who)
            raise _too_many(wait_s, self._of_address.per_minute, "log-ins-from-address-failed")
        try:
            yield
        except FailedLogIn:
            raise
        except BaseException:  # not its fault: the database was away, or the client
            self._give_back(who)
            raise
        else:
            self._give_back(who)

    def _give_back(self, who: tuple[str, str]) -> None:
        self._of_email.give_back(who)
        self._of_address.give_back(who[1])


def _too_many(wait_s: int, quota: int, code: str) -> TooManyLogIns:
    return TooManyLogIns(sentence(code, quota=quota), retry_after_s=wait_s, quota=quota)
