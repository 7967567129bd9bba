"""How often services run, as words of the command line: relay=3."""

from collections.abc import Sequence
from typing import Final

import typer

from ordercast.infra.local.processes import SERVICES

# Processes of one service: far more than one machine can use, and few enough for PostgreSQL's connections.
MOST_PROCESSES: Final = 16


def read_scale(words: Sequence[str]) -> dict[str, int]:
    """How often each service runs. Raises typer.BadParameter."""
    scale: dict[str, int] = {}
    for word in words:
        service, _, count = word.partition("=")
        if service not in SERVICES or not count.isdecimal() or not 1 <= int(count) <= MOST_PROCESSES:
            raise typer.BadParameter(
                f"{word!r} is not SERVICE=COUNT with a service of {', '.join(SERVICES)} and a count from 1 to"
                f" {MOST_PROCESSES}"
            )
        scale[service] = int(count)
    return scale
