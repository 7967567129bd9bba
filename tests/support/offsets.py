"""Port offsets for systems under test."""

import os
import random
from typing import Final

from ordercast.infra.local.ports import OFFSET_STEP, Ports

# Offsets below are left to systems that a person runs on this machine.
FIRST_OFFSET: Final = 2000
# With those above, ports lie among the ones that Linux gives to outgoing connections (from 32768 on): one of a service that is
# being started again may be taken for a while.
LAST_OFFSET: Final = 12_000


def free_offset() -> int:
    """An offset at which nothing listens.

    Workers of one run draw from shares of their own, because a port that is free may be taken before it is used. Runs
    beside each other seldom meet, by chance.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    offsets = range(FIRST_OFFSET, LAST_OFFSET, OFFSET_STEP)
    share = len(offsets) // workers
    return Ports(random.choice(offsets[worker * share : (worker + 1) * share])).next_free_offset()
