"""How the demo tells what it does, and how it ends when something does not hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from ordercast.errors import ActionableError
from ordercast.system.target import NotGiven


class StepFailed(ActionableError):
    """A step of the demo did not hold."""


class Story:
    """What is said goes to `say`; what moves (bars, spinners) goes to the console. `took` has the seconds of each step."""

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self.console = console
        self.say = say
        self.left_out: list[str] = []
        self.took: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """The next step, with its heading; what needs a part of the system that was not given is left out, and told."""
        number = len(self.took) + 1
        self.say(f"\n{number}. {title}")
        began = time.monotonic()
        with self.part(f"step {number}"):
            yield
        self.took[title] = time.monotonic() - began

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Something that can be left out by itself."""
        try:
            yield
        except NotGiven as missing:
            self.left_out.append(name)
            self.say(f"Left out: {missing}." + (f" To have it, {missing.hint}." if missing.hint else ""))

    def say_times(self) -> None:
        """How long each step took."""
        for number, (title, seconds) in enumerate(self.took.items(), start=1):
            self.say(f"  {seconds:6.1f} s  {number}. {title}")
        self.say(f"  {sum(self.took.values()):6.1f} s  in all")
