"""Port offsets for systems under test."""

import random
from typing import Final

from ordercast.infra.local.ports import OFFSET_STEP, Ports

# Offsets below are left to systems that a person runs on this machine.
FIRST_OFFSET: Final = 2000
# With those above, ports lie among the ones that Linux gives to outgoing connections (from 32768 on): one of a service that is
# being started again may be taken for a while.
LAST_OFFSET: Final = 12_000


def free_offset() -> int:
    """An offset at which nothing listens. Chosen by chance, so that test runs beside each other seldom meet."""
    start = random.randrange(FIRST_OFFSET, LAST_OFFSET, OFFSET_STEP)
    return Ports(start).next_free_offset()
