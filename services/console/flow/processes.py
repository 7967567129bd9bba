"""Where each process of the services answers now: those of the settings, or those that a file names as they come and go."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec

# In the order of the flow.
SERVICES: Final = ("order_api", "relay", "feature_worker", "trainer", "predictor")
# Nobody asks these but for how they are, so that nothing stands before them: each address of their name is a process. The others'
# may be those of one load balancer, which counts once and has to be asked by its name, unless one is told where each answers.
SEVERAL: Final = frozenset({"relay", "feature_worker"})

# A name's addresses are looked up no longer than this (s): until the next look the last ones that were found hold.
LOOK_UP_S: Final = 1.0

# The addresses of a host.
Resolve = Callable[[str], Awaitable[Sequence[str]]]


class Processes:
    """`file` holds {"relay": URL, "relay-2": URL, ...}, and is read again at each look: it is on this machine, and short. Without
    one, a name that stands for several relays or feature workers, as of containers or of a headless service, is looked up by
    `resolve`; so is that at which `each` process of another service answers by an address of its own."""

    def __init__(
        self,
        told: Mapping[str, str],
        file: Path | None = None,
        resolve: Resolve | None = None,
        each: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        shared = {name: url for name, url in told.items() if _service(name) not in each}
        self._told = dict(sorted({**shared, **each}.items(), key=lambda one: _place(one[0])))
        self._several = SEVERAL | each.keys()
        self._found = {name: {name: url} for name, url in self._told.items()}
        self._file = file
        self._resolve = resolve

    def now(self) -> Mapping[str, str]:
        """The address of each by its name. Without a file, or with one that is no such, those that were told at the start, and
        found since then."""
        if self._file is None:
            return {name: url for found in self._found.values() for name, url in found.items()}
        try:
            named = msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            return self._told
        of_services = [name for name in named if _service(name) in SERVICES]
        return {name: named[name] for name in sorted(of_services, key=_place)} or self._told

    async def find(self) -> None:
        """Looks up who stands behind each address that was told; where nobody says so now, it is who stood there before."""
        if self._file is None and self._resolve is not None:
            names = [name for name in self._told if _service(name) in self._several]
            each = await asyncio.gather(*(_behind(name, self._told[name], self._resolve) for name in names))
            self._found |= {name: found for name, found in zip(names, each, strict=True) if found is not None}

    def of(self, service: str) -> Mapping[str, str]:
        """Those of one service."""
        return {name: url for name, url in self.now().items() if _service(name) == service}


def _service(name: str) -> str:
    return name.partition("-")[0]


def _place(name: str) -> tuple[int, int]:
    service, _, number = name.partition("-")
    return SERVICES.index(service), int(number) if number.isdecimal() else 1


async def addresses_of(host: str) -> Sequence[str]:
    """Of one family: `localhost` has one in each, and is one machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    families = {family for family, *_ in found}
    wanted = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    return sorted({str(address[0]) for family, *_, address in found if family == wanted})


async def _behind(name: str, url: str, resolve: Resolve) -> dict[str, str] | None:
    """Each process by itself, such as relay-10.0.0.7; the one that was told, where there is one, or nobody has the name. None where
    that is not found out.

    A certificate is of the name, so nothing is looked up behind TLS.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            return {name: url}
        async with asyncio.timeout(LOOK_UP_S):
            addresses = await resolve(parts.hostname)
        if len(addresses) < 2:
            return {name: url}
        return {f"{name}-{one}": f"http://{_in_url(one)}:{parts.port or 80}{parts.path}" for one in addresses}
    except socket.gaierror as error:
        return None if error.errno == socket.EAI_AGAIN else {name: url}
    except (OSError, ValueError):  # too slow, or no name that one could ask for
        return None


def _in_url(address: str) -> str:
    return f"[{address}]" if ip_address(address).version == 6 else address


def service_of(process: str) -> str:
    """What is started again for it: relay of relay-10.0.0.7, which nobody starts by that name."""
    service, _, of_several = process.partition("-")
    return process if not of_several or of_several.isdecimal() else service
