"""Keeps a metric of how long the certificates are good that PostgreSQL and Kafka show. All services are shown the same ones."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.telemetry.metrics import CERTIFICATE_END

log = structlog.stdlib.get_logger()

# Days are what is counted (s).
INTERVAL_S: Final = 3_600.0
# After a look that failed (s): a server that restarts, as one does that is given a new certificate, is back soon.
RETRY_S: Final = 60.0

# The end of a certificate, by the name of the server that is asked for it. Raises OSError or TimeoutError.
Servers = Mapping[str, Callable[[], Awaitable[datetime]]]


async def measure_certificates(servers: Servers) -> float:
    """One that cannot be looked at keeps what it had: clients that are refused say so themselves.

    In how many seconds to look again.
    """
    again_s = INTERVAL_S
    for server, ask in servers.items():
        try:
            CERTIFICATE_END.labels(server).set((await ask()).timestamp())
        except (OSError, TimeoutError) as error:
            log.warning("a certificate cannot be looked at", server=server, cause=first_line(error))
            again_s = RETRY_S
    return again_s


async def watch_certificates(servers: Servers, stopping: asyncio.Event) -> None:
    """Measures until `stopping` is set."""
    await repeat(partial(measure_certificates, servers), stopping, name="watch-certificates")
