"""Port offsets for systems under test."""

import random
from typing import Final

from infra.local.ports import MAX_OFFSET, OFFSET_STEP, Ports

# Offsets below are left to systems that a person runs on this machine.
FIRST_OFFSET: Final = 2000


def free_offset() -> int:
    """An offset at which nothing listens. Chosen by chance, so that test runs beside each other seldom meet."""
    start = random.randrange(FIRST_OFFSET, MAX_OFFSET - 100 * OFFSET_STEP, OFFSET_STEP)
    return Ports(start).next_free_offset()
