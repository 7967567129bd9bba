"""How often services run, as words of the command line: relay=3."""

from collections.abc import Sequence

import typer

from ordercast.infra.local.processes import MOST_PROCESSES, SERVICES


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
        if service in scale:
            raise typer.BadParameter(f"{service} is named twice")
        scale[service] = int(count)
    return scale
