"""The files that were handed in: each in a folder of its own, for an hour, with what became of it."""

import asyncio
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import structlog

from ordercast.client import Client
from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.contracts.because import sentence_of
from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.services.console.errors import TooManyFiles
from ordercast.services.console.imports.look import Complete, Look, look_at, send
from ordercast.services.console.imports.remembered import Remembered
from ordercast.services.console.imports.told import Told
from ordercast.services.console.parts import UNAUTHORIZED
from ordercast.services.console.problem_words import Said, said_of
from ordercast.services.console.words import Words

if TYPE_CHECKING:
    from ordercast.imports.report import Report
    from ordercast.imports.send import OnConflict

log = structlog.stdlib.get_logger()

# Of one file, as it is handed in.
MAX_BYTES: Final = 64 << 20
# That lie here at once, of all who run the shop: 512 MB.
MOST_FILES: Final = 8
# Nobody touched it for so long (s): it is deleted.
KEPT_S: Final = 3_600.0
_ID_BYTES: Final = 16
_UNUSUAL: Final = re.compile(r"[^\w.-]+")
_NAME_MAX: Final = 80

State = Literal["looking", "looked", "sending", "done", "failed", "cancelled"]


@dataclass(slots=True)
class KeptFile:
    """`form` names the form that brought it, with what was in it. `problem` is why it was not read or sent to its end, and
    `was_sending` says which of both it was at last. `done` of `rows` are dealt with, `sent` of them are for good."""

    id: str
    account_id: int
    folder: Path
    name: str
    size: int
    told: Told
    form: str = ""
    on_conflict: "OnConflict" = "refuse"
    state: State = "looking"
    was_sending: bool = False
    look: Look = field(default_factory=Look)
    report: "Report | None" = None
    problem: str | Words | Said | None = None
    done: int = 0
    rows: int = 0
    sent: int = 0
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    task: asyncio.Task[None] | None = None
    expiry: asyncio.TimerHandle | None = None

    @property
    def path(self) -> Path:
        return self.folder / self.name

    @property
    def rejects(self) -> Path:
        # With a blank, which no file's plain name has.
        return self.folder / "refused rows" / f"rejects_{self.name.removesuffix('.csv')}.csv"

    @property
    def is_busy(self) -> bool:
        return self.state in ("looking", "sending")

    @property
    def can_be_sent(self) -> bool:
        return not self.is_busy and self.state != "done" and self.look.report is not None

    def advance(self, done: int, rows: int) -> None:
        self.done, self.rows = done, rows

    def advance_sending(self, done: int, rows: int) -> None:
        """While the file is read, nothing is known of `rows`."""
        self.done, self.rows, self.sent = done, rows, done if rows else 0


class KeptFiles:
    """All files of this process, below `folder`. One is looked at or sent at a time; the others wait for it. `views_sent` remembers
    which views are in the system, `remembered` how files of a shape are read."""

    def __init__(self, folder: Path, views_sent: Path, remembered: Remembered) -> None:
        self._folder = folder
        self._views_sent = views_sent
        self._remembered = remembered
        self._kept: dict[str, KeptFile] = {}
        self._turn = asyncio.Lock()

    async def keep(
        self, account_id: int, name: str, pieces: AsyncIterator[bytes], told: Told, form: str = ""
    ) -> KeptFile:
        """Writes it down, and begins to look at it. A `form` that was sent twice gets what it got first, unless that has failed.

        Raises:
            TooManyFiles: those that are here are being read or sent, or another account's that are not sent yet.
        """
        if form and (there := self._brought_by(form, account_id)):
            return there
        self._make_room(account_id)
        file_id = secrets.token_urlsafe(_ID_BYTES)
        folder = self._folder / file_id
        folder.mkdir()
        file = KeptFile(file_id, account_id, folder, _plain_name(name), 0, told, form)
        self._kept[file_id] = file
        try:
            with file.path.open("wb") as kept:
                async for piece in pieces:
                    file.size += await asyncio.to_thread(kept.write, piece)
        except BaseException:
            self._delete(file)
            raise
        self.look(file, told, complete=self._remembered.completed)
        return file

    def find(self, file_id: str, account_id: int) -> KeptFile | None:
        found = self._kept.get(file_id)
        return found if found and found.account_id == account_id else None

    def of(self, account_id: int) -> list[KeptFile]:
        """The newest first."""
        return [file for file in reversed(self._kept.values()) if file.account_id == account_id]

    def look(self, file: KeptFile, told: Told, complete: Complete = lambda told, _: told) -> None:
        """Looks at it (again), with what was told, completed once its columns are known."""
        file.told = told

        async def look() -> None:
            file.look = await look_at(file.path, told, file.advance, complete)
            file.told = file.look.completed or told
            file.state = "looked"

        self._begin(file, "looking", look)

    def send(self, file: KeptFile, client: Client, on_conflict: "OnConflict") -> None:
        file.on_conflict = on_conflict

        async def send_all() -> None:
            file.report = await send(
                file.path, file.told, client, on_conflict, file.rejects, self._views_sent, file.advance_sending
            )
            file.state = "done"
            self._remembered.keep(file.told, file.look.header)
            file.path.unlink()

        self._begin(file, "sending", send_all)

    async def cancel(self, file: KeptFile) -> None:
        """What was sent stays in the system."""
        if file.task and file.is_busy:
            file.task.cancel()
            await asyncio.gather(file.task, return_exceptions=True)

    async def forget(self, file: KeptFile) -> None:
        await self.cancel(file)
        self._delete(file)

    async def close(self) -> None:
        for file in list(self._kept.values()):
            await self.forget(file)

    def _begin(self, file: KeptFile, state: State, work: Callable[[], Awaitable[None]]) -> None:
        file.state, file.problem, file.report = state, None, None
        file.was_sending = state == "sending"
        if not file.was_sending:
            # What it said before of how it was told then holds no longer.
            file.look = Look(header=file.look.header)
        file.done = file.rows = file.sent = 0
        file.task = asyncio.create_task(self._run(file, work))

    async def _run(self, file: KeptFile, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._turn:
                await work()
        except asyncio.CancelledError:
            file.state = "cancelled"
        except ProblemAnswer as problem:
            ended = problem.status == UNAUTHORIZED
            file.state, file.problem = "failed", Words("the log-in ended") if ended else said_of(problem)
        except (ClientError, ActionableError, OSError) as error:
            # A sentence names no file; other messages name it by its path here.
            file.state = "failed"
            file.problem = sentence_of(error) or first_line(error).replace(f"{file.folder}/", "")
        except Exception as error:
            log.exception("a file cannot be imported", file=file.name)
            file.state, file.problem = "failed", f"{type(error).__name__}: {first_line(error)}"
        finally:
            file.changed_at = datetime.now(UTC)
            if file.expiry:
                file.expiry.cancel()
            file.expiry = asyncio.get_running_loop().call_later(KEPT_S, self._delete_if_idle, file)

    def _brought_by(self, form: str, account_id: int) -> KeptFile | None:
        fit = (file for file in self.of(account_id) if file.form == form and file.state not in ("failed", "cancelled"))
        return next(fit, None)

    def _make_room(self, account_id: int) -> None:
        """By the oldest that is this account's own or done: what a colleague has looked at is to be sent yet."""
        while len(self._kept) >= MOST_FILES:
            idle = (file for file in self._kept.values() if not file.is_busy)
            oldest = next((file for file in idle if file.account_id == account_id or file.state == "done"), None)
            if oldest is None:
                raise TooManyFiles
            self._delete(oldest)

    def _delete_if_idle(self, file: KeptFile) -> None:
        if not file.is_busy:
            self._delete(file)

    def _delete(self, file: KeptFile) -> None:
        if file.expiry:
            file.expiry.cancel()
        self._kept.pop(file.id, None)
        shutil.rmtree(file.folder, ignore_errors=True)


def _plain_name(name: str) -> str:
    """Of the file alone, as any file system takes it; its end says nothing, since a file is known by its content."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return _UNUSUAL.sub("_", last).strip(".")[-_NAME_MAX:] or "file"
