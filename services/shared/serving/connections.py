"""How many connections a process has, from whom, and for how long each may keep it waiting."""

import resource
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import structlog
from uvicorn.server import ServerState

from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.problem_types.every_service import CONNECTIONS_OF_ADDRESS, TOO_MANY_CONNECTIONS

log = structlog.stdlib.get_logger()

# Descriptors for all else: PostgreSQL, Kafka, files, and connections that are being refused.
OTHER_DESCRIPTORS: Final = 256


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Numbers of connections, and seconds. What they mean stands at the settings (`ServiceSettings.http_...`)."""

    connections: int = 1_000
    per_address: int = 500
    head_s: int = 10
    stall_s: int = 30
    idle_s: int = 5


class Connections(ServerState):
    """What uvicorn knows of its connections, and the limits of each."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self._of: Counter[str] = Counter()

    def admit(self, address: str) -> Problem | None:
        """Counts a connection, or says why there may not be one more."""
        if self._of.total() >= self.limits.connections:
            return Problem(TOO_MANY_CONNECTIONS, f"at most {self.limits.connections} connections are served at once")
        party = party_of(address)
        if self._of[party] >= self.limits.per_address:
            return Problem(CONNECTIONS_OF_ADDRESS, f"at most {self.limits.per_address} connections of an address")
        self._of[party] += 1
        return None

    def forget(self, address: str) -> None:
        """One that was admitted has ended."""
        party = party_of(address)
        self._of[party] -= 1
        if not self._of[party]:
            del self._of[party]

    def tick(self) -> None:
        """Called each second in which the loop turns: while it is held up, nobody is late."""
        for connection in list(self.connections):
            connection.tick()  # type: ignore[union-attr]  # all are a `BoundedProtocol`


def within_descriptors(limits: ConnectionLimits) -> ConnectionLimits:
    """The limits with no more connections than the process may have descriptors for; raises the soft limit if it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + OTHER_DESCRIPTORS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == wanted:
        return limits
    connections = max(1, allowed - OTHER_DESCRIPTORS)
    log.warning("fewer connections than set: too few descriptors", connections=connections, descriptors=allowed)
    return replace(limits, connections=connections)
