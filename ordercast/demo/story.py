"""How the demo tells what it does, and how it ends when something does not hold."""

from collections.abc import Callable

from rich.console import Console

from infra.local.errors import LocalError


class StepFailed(LocalError):
    """A step of the demo did not hold."""


class Story:
    """What is said goes to `say`; what moves (bars, spinners) goes to the console."""

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self.console = console
        self.say = say
        self._step = 0

    def step(self, title: str) -> None:
        """The heading of the next step."""
        self._step += 1
        self.say(f"\n{self._step}. {title}")
