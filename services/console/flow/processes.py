"""Where each process of the services answers now: those of the settings, or those that a file names as they come and go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

# In the order of the flow.
SERVICES: Final = ("order_api", "relay", "feature_worker", "trainer", "predictor")


class Processes:
    """`file` holds {"relay": URL, "relay-2": URL, ...}, and is read again at each look: it is on this machine, and short."""

    def __init__(self, told: Mapping[str, str], file: Path | None = None) -> None:
        self._told = told
        self._file = file

    def now(self) -> Mapping[str, str]:
        """The address of each by its name. Without a file, or with one that is no such, those that were told at the start."""
        if self._file is None:
            return self._told
        try:
            named = msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            return self._told
        of_services = [name for name in named if name.partition("-")[0] in SERVICES]
        return {name: named[name] for name in sorted(of_services, key=_place)} or self._told

    def of(self, service: str) -> Mapping[str, str]:
        """Those of one service."""
        return {name: url for name, url in self.now().items() if name.partition("-")[0] == service}


def _place(name: str) -> tuple[int, int]:
    service, _, number = name.partition("-")
    return SERVICES.index(service), int(number) if number.isdecimal() else 1
