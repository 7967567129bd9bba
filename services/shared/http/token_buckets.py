"""Token buckets, one for each key: each holds what is allowed in one minute, and fills up evenly.

Kept in this process alone; a restarted one begins anew. Libraries were
looked at: `limits` 5.8 has windows but no token bucket, and keeps them elsewhere only in servers that Ordercast does not have.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

# Keys after which those with a full bucket are forgotten: some 1 MB.
REMEMBERED: Final = 10_000
# Whole nanoseconds, for with floating-point seconds a full bucket could lack a rounding error of what it holds.
_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND

Key = TypeVar("Key", bound=Hashable)


def rate_limit_headers(policy: str, quota: int, left: int, more_in_s: int) -> dict[str, str]:
    """Of so many in a minute, so many are left, and there are more in some seconds (draft-ietf-httpapi-ratelimit-headers-10)."""
    return {"RateLimit-Policy": f'"{policy}";q={quota};w=60', "RateLimit": f'"{policy}";r={left};t={more_in_s}'}


@dataclass
class TokenBuckets(Generic[Key]):
    """`now` is a clock (ns)."""

    per_minute: int
    now: Callable[[], int] = time.monotonic_ns
    # When the key's bucket is full again.
    _full_at: dict[Key, int] = field(default_factory=dict)
    # Keys at which full buckets are looked for again: not with each of them, however many are in use.
    _look_at: int = 0

    def take(self, key: Key, tokens: int = 1) -> int:
        """Takes the tokens from the key's bucket: 0. Or takes none, and says in how many seconds it holds so many."""
        now = self.now()
        full_at = max(self._full_at.get(key, now), now) + self._filled_in(tokens)
        too_early = full_at - now - _MINUTE
        if too_early > 0:
            return -(-too_early // _SECOND)  # rounded up
        if len(self._full_at) >= max(REMEMBERED, self._look_at):
            self._full_at = {known: full for known, full in self._full_at.items() if full > now}
            self._look_at = 2 * len(self._full_at)
        self._full_at[key] = full_at
        return 0

    def left(self, key: Key) -> int:
        """Tokens that the key's bucket holds now."""
        missing = self._full_at.get(key, 0) - self.now()
        return self.per_minute if missing <= 0 else (_MINUTE - missing) * self.per_minute // _MINUTE

    @property
    def more_in_s(self) -> int:
        """Seconds, rounded up, until a bucket that is not full holds one token more."""
        return -(-60 // self.per_minute)

    def give_back(self, key: Key, tokens: int = 1) -> None:
        """Undoes a `take`."""
        if key in self._full_at:
            self._full_at[key] -= self._filled_in(tokens)

    def _filled_in(self, tokens: int) -> int:
        return tokens * _MINUTE // self.per_minute
