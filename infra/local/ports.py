"""The ports of one system: fixed bases, moved together by an offset."""

import contextlib
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import psutil

from ordercast.infra.local.errors import PortsTaken

HOST: Final = "127.0.0.1"

BASES: Final = {
    "order_api": 8000,
    "trainer": 8001,
    "predictor": 8002,
    "feature_worker": 8003,
    "relay": 8004,
    "console": 8005,
    "postgres": 15432,
    "kafka": 19092,
    "kafka_controller": 19093,
    "prometheus": 19090,
}
# The second, third... process of a service takes the first free port from here on: above the bases, and below those that
# Linux gives to outgoing connections (32768), which could take the port of one that is just being started again.
FURTHER: Final = 20_000
# Ports that are looked at there.
FURTHER_ROOM: Final = 400
MAX_OFFSET: Final = 65_535 - FURTHER - FURTHER_ROOM
# Distance of the offsets that are tried when any free one will do: no two systems overlap.
OFFSET_STEP: Final = 10


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of a system by its purpose. Raises ValueError for an offset that leaves 1..65535."""

    offset: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= MAX_OFFSET:
            raise ValueError(f"the port offset must be from 0 to {MAX_OFFSET}, not {self.offset}")

    def __getitem__(self, purpose: str) -> int:
        return BASES[purpose] + self.offset

    def all(self) -> dict[str, int]:
        return {purpose: base + self.offset for purpose, base in BASES.items()}

    def further(self, used: Collection[int]) -> int:
        """A free port, not among the `used` ones, for a further process of a service. Raises PortsTaken."""
        first = FURTHER + self.offset
        for port in range(first, first + FURTHER_ROOM):
            if port not in used and is_free(port):
                return port
        raise PortsTaken(f"no port is free from {first} to {first + FURTHER_ROOM - 1} for another process")

    def taken(self) -> dict[str, int]:
        return {purpose: port for purpose, port in self.all().items() if not is_free(port)}

    def check_free(self) -> None:
        """Raises PortsTaken, naming each port with its purpose and, where it can be seen, who listens there."""
        taken = self.taken()
        if taken:
            listeners = listening_programs()
            named = [f"{port} ({purpose}){listeners.get(port, '')}" for purpose, port in taken.items()]
            raise PortsTaken(
                f"{'ports are' if len(named) > 1 else 'a port is'} already taken: {', '.join(named)}",
                hint=f"stop what listens there, or run elsewhere: --port-offset {self.next_free_offset()}",
            )

    def next_free_offset(self) -> int:
        """The next offset at which nothing listens on any port; 0 if there is none."""
        for offset in range(self.offset + OFFSET_STEP, MAX_OFFSET, OFFSET_STEP):
            if not Ports(offset).taken():
                return offset
        return 0


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now (a closed connection's TIME_WAIT does not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port that is free right now, chosen by the system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listening_programs() -> dict[int, str]:
    """For each port with a listener that this user may see: " by NAME (pid N)"."""
    found: dict[int, str] = {}
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.pid is not None and connection.laddr:
                with contextlib.suppress(psutil.Error):
                    name = psutil.Process(connection.pid).name()
                    found[connection.laddr.port] = f" by {name} (pid {connection.pid})"
    return found
