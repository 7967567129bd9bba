"""Progress bars on stderr."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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


@contextmanager
def steps(console: Console) -> Iterator["Steps"]:
    """A spinner that says what is being done."""
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as progress:
        yield Steps(progress, progress.add_task(""))


class Steps:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def now(self, what: str) -> None:
        self._progress.update(self._task, description=what)
