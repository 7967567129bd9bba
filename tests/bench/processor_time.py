"""How much processor time parts of a system take for each thing that they do: what a larger machine has more of."""

from collections.abc import Iterable, Mapping

import psutil


class ProcessorTime:
    """Counts from its making on. `parts` are the pids of each part's processes; what they started counts as theirs."""

    def __init__(self, parts: Mapping[str, Iterable[int]]) -> None:
        self._parts = {name: list(pids) for name, pids in parts.items()}
        self._before = self._seconds()

    def of_each(self, things: int) -> str:
        """The time of each part for one of so many things, in µs, as text."""
        used = {name: seconds - self._before[name] for name, seconds in self._seconds().items()}
        return ", ".join(f"{name} {1e6 * seconds / max(things, 1):.0f} µs" for name, seconds in used.items())

    def _seconds(self) -> dict[str, float]:
        return {name: sum(map(_seconds_of, pids)) for name, pids in self._parts.items()}


def _seconds_of(pid: int) -> float:
    """User and system time of a process, of those that it waited for, and of those that it has."""
    process = psutil.Process(pid)
    return sum(process.cpu_times()[:4]) + sum(sum(child.cpu_times()[:2]) for child in process.children(recursive=True))
