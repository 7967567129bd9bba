"""Progress bars on stderr."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Bars:
    """Bars by name."""

    def __init__(self, progress: Progress, tasks: dict[str, TaskID]) -> None:
        self._progress = progress
        self._tasks = tasks

    def advance(self, name: str, by: int) -> None:
        self._progress.advance(self._tasks[name], by)

    def set(self, name: str, value: float, total: float | None = None) -> None:
        self._progress.update(self._tasks[name], completed=value, total=total)


@contextmanager
def bars(console: Console, totals: Mapping[str, float | None]) -> Iterator[Bars]:
    """A bar for each name with its total; None where nobody knows it yet. Without a terminal nothing moves."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        yield Bars(progress, {name: progress.add_task(name, total=total) for name, total in totals.items()})


class Steps:
    """A spinner that says what is being done; `last` is what it said last."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("")
        self.last = ""

    def now(self, what: str) -> None:
        self.last = what
        self._progress.update(self._task, description=what)


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    """A spinner."""
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as progress:
        yield Steps(progress)


# Where nothing moves, a training says so often how far it is: at its first epoch, its last, and between them.
TOLD_PARTS: Final = 4


class MemberBars:
    """A bar for each member of an ensemble in training, with its loss; lines in their place where there is no terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: list[TaskID] = []
        self._told = -1
        self._waits_for = 0
        self._said: set[str] = set()

    def wait(self, events: int) -> None:
        """The training waits for the feature worker; said at first, and whenever half of it is done."""
        if not self._waits_for or 2 * events <= self._waits_for:
            self._waits_for = events
            self._progress.console.print(
                f"waiting for the feature worker, which has {events:,} events of orders to count"
            )

    def tell(self, lines: Sequence[str]) -> None:
        """Each once: a connection that broke off tells all again."""
        for line in lines:
            if line not in self._said:
                self._said.add(line)
                self._progress.console.print(line, highlight=False)

    def show(self, epoch: int, epochs: int, losses: Sequence[float | None]) -> None:
        """Member i has done `epoch` of `epochs` and has the loss `losses[i]`, None where it is not finite."""
        if not self._tasks:
            self._tasks = [
                self._progress.add_task(f"network {number}", total=epochs, loss="")
                for number in range(1, len(losses) + 1)
            ]
        for task, loss in zip(self._tasks, losses, strict=True):
            shown = "loss not finite" if loss is None else f"loss {loss:.4f}"
            self._progress.update(task, completed=epoch, loss=shown)
        if not self._progress.console.is_terminal:
            self._tell(epoch, epochs)

    def _tell(self, epoch: int, epochs: int) -> None:
        part = epoch * TOLD_PARTS // max(1, epochs)
        # One that is begun anew, because its trainer died, is told from its first epoch again.
        if part > self._told or epoch == 1:
            self._told = part
            self._progress.console.print(f"epoch {epoch} of {epochs}")


@contextmanager
def member_bars(console: Console) -> Iterator[MemberBars]:
    """Bars that come up with the first epoch."""
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[loss]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield MemberBars(progress)
