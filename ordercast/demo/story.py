"""How the demo tells what it does, and how it ends when something does not hold."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from ordercast.errors import ActionableError
from ordercast.system.target import NotGiven


class StepFailed(ActionableError):
    """A step of the demo did not hold."""


class Story:
    """What is said goes to `say`; what moves (bars, spinners) goes to the console."""

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self.console = console
        self.say = say
        self.left_out: list[str] = []
        self._step = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """The next step, with its heading; what needs a part of the system that was not given is left out, and told."""
        self._step += 1
        self.say(f"\n{self._step}. {title}")
        with self.part(f"step {self._step}"):
            yield

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Something that can be left out by itself."""
        try:
            yield
        except NotGiven as missing:
            self.left_out.append(name)
            self.say(f"Left out: {missing}." + (f" To have it, {missing.hint}." if missing.hint else ""))
