"""Where a delivery may go: to public addresses alone, unless a setting lets it go anywhere.

A name is looked up once for each delivery, and the connection goes to the very address that was looked at: a name that has another
address a moment later is no way in. One forbidden address among those of a name is enough to refuse it.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeAlias

from ordercast.services.order_api.errors import AddressRefused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
# The addresses of a name, as texts.
LookUp = Callable[[str], Awaitable[Sequence[str]]]

# IPv6 addresses whose last four bytes are an IPv4 one: a gateway sends on to it (RFC 6052), or nobody any more (RFC 4291).
_EMBEDDING: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
# A network's own gateway (RFC 8215): nothing tells where it sends what comes.
_LOCAL_GATEWAY: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
# Public by their registers, and yet of a cloud's own hosts: Azure's, which answers in each of its networks.
_METADATA: Final = frozenset({ipaddress.IPv4Address("168.63.129.16")})


class LookUpByThreads:
    """By the machine's resolver, which also reads `0x7f.1`, `017700000001` and `2130706433` as addresses.

    In threads of its own: a name that nobody answers for keeps one for many seconds, and those of the event loop are needed to
    find Kafka and PostgreSQL again. Who asks for a name that is being looked up gets the same answer, so that such a name keeps one
    thread and no other name waiting.
    """

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """
        Raises:
            OSError: there is no such name, or nobody who knows answers.
            UnicodeError: no name can be so.
        """
        asked = self._asked.get(host)
        if asked is None:
            asked = self._asked[host] = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)
            asked.add_done_callback(partial(self._forget, host))
        return await asyncio.shield(asked)

    def _forget(self, host: str, asked: "asyncio.Future[Sequence[str]]") -> None:
        del self._asked[host]
        asked.cancelled() or asked.exception()  # nobody may be waiting any more


def _look_up(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


async def address_of(host: str, *, private: bool, look_up: LookUp) -> str:
    """The address to connect to.

    Raises:
        AddressRefused: the host has a forbidden one, or none.
        OSError, UnicodeError: as `look_up`.
    """
    found = await look_up(host)
    if not found:
        raise AddressRefused(f"{host} has no address")
    if not private and (forbidden := [text for text in found if not is_public(ipaddress.ip_address(text))]):
        raise AddressRefused(f"{host} has the address {forbidden[0]}, which is not a public one")
    return found[0]


def written_address(host: str) -> Address | None:
    """The address that a host is, however it is written: a resolver reads `0x7f.1`, `017700000001` and `2130706433` as ones."""
    text = host.removesuffix(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Whether it is one of the open internet, and so is each IPv4 address that it stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None or address.is_site_local or address in _LOCAL_GATEWAY:
            return False
        inner = _within(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _METADATA


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that traffic to this one ends at."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
