"""When a delivery that failed is tried again: 5 seconds, 20, 80, ... and every six hours at last, for about a day."""

import random
from typing import Final

FIRST_S: Final = 5.0
FACTOR: Final = 4.0
LONGEST_S: Final = 6 * 3600.0
# With the waits between them: 25 hours and a half.
ATTEMPTS: Final = 11
# Either way, so that what failed together does not come back together.
JITTER: Final = 0.1


def wait_after(attempts: int) -> float | None:
    """Seconds until the next attempt, after so many that failed; None after the last one."""
    if attempts >= ATTEMPTS:
        return None
    wait: float = FIRST_S * FACTOR ** (attempts - 1)
    return min(wait, LONGEST_S) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
