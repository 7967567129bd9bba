"""A system that was made for tests, as its maker hands it over."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.client import Addresses
from ordercast.client.credentials import Login

# Who tests act as where an admin is needed; the password is drawn for each system.
ADMIN_EMAIL: Final = "admin@example.com"
ADMIN_NICKNAME: Final = "admin"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MadeSystem:
    """Where it listens, who may do everything, and what only its maker can do.

    `log` gives what a process has written so far, by its name; KeyError for another one. `copy_artifacts` copies the folder
    of all model versions into a folder that it makes. Both block.
    """

    addresses: Addresses
    database_url: str
    kafka_bootstrap: str
    admin: Login
    log: Callable[[str], str]
    copy_artifacts: Callable[[Path], None]
