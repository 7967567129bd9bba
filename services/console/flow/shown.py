"""The flow as all readers see it: worked out once for each look, and drawn once in each language, however many follow it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ordercast.services.console.flow.read_flow import Flow, flow_of
from ordercast.services.console.flow.watch import Look


class ShownFlow:
    def __init__(self) -> None:
        self._last: tuple[Look, Flow] | None = None
        self._drawn: dict[str, tuple[Mapping[str, Any], str]] = {}

    def of(self, looks: Sequence[Look]) -> Flow:
        """What the looks say, the newest as the last of them."""
        if self._last is None or self._last[0] is not looks[-1]:
            self._last = looks[-1], flow_of(looks)
        return self._last[1]

    def drawn(self, language: str, values: Mapping[str, Any], draw: Callable[[], str]) -> str:
        """The text that `draw` makes of these: nothing of it is of whoever reads it."""
        last = self._drawn.get(language)
        if last is None or last[0] != values:
            last = self._drawn[language] = values, draw()
        return last[1]
