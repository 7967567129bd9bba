"""Keeps the refused lines of a request of any length, and writes them into its answer: on disk, not in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Final, Self

import msgspec

from ordercast.contracts.because import Because, sentence_of
from ordercast.first_line import first_line
from ordercast.services.order_api.errors import NoRoomForReport

# Refusals up to this size (bytes), a few thousand, need no file.
IN_MEMORY_BYTES: Final = 262_144
_PIECE_BYTES: Final = 65_536


class RefusedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line (from 1) of a batch that was not taken, and why; `because` is the reason as data, where there is a code for it."""

    line: int
    reason: str
    because: Because | None = None

    @classmethod
    def of(cls, line: int, refusal: Exception) -> Self:
        told = sentence_of(refusal)
        return cls(line, str(refusal), told.because if told else None)


class ImportCounts(msgspec.Struct, frozen=True):
    """How many lines did what. The last field, `refused`, is empty: those lines are written into the answer from a file."""

    @property
    def nothing_came_in(self) -> bool:
        return not any(getattr(self, name) for name in self.__struct_fields__)


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """The JSON of an answer, piece by piece."""

    pieces: Iterator[bytes]
    status: int


class RefusedLines:
    """Close it, or read its answer to the end: `answer_of_import` does one or the other."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file: IO[bytes] = file or SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - `close`
        self.count = 0

    async def add(self, lines: Sequence[RefusedLine]) -> None:
        """
        Raises:
            NoRoomForReport: the disk is full, or gone.
        """
        if not lines:
            return
        pieces = [
            b"," * (self.count > 0 or number > 0) + msgspec.json.encode(line) for number, line in enumerate(lines)
        ]
        try:
            await asyncio.to_thread(self._file.write, b"".join(pieces))
        except OSError as error:
            raise NoRoomForReport(
                f"the server cannot keep the list of refused lines ({first_line(error)}); what came in before stays, "
                "so send the whole again later"
            ) from error
        self.count += len(lines)

    def answer(self, counts: ImportCounts) -> StreamedAnswer:
        """The counts with the refused lines in them; 422 if lines were refused and nothing came in."""
        return StreamedAnswer(self._pieces(counts), 422 if self.count and counts.nothing_came_in else 200)

    def _pieces(self, counts: ImportCounts) -> Iterator[bytes]:
        try:
            yield msgspec.json.encode(counts).removesuffix(b"]}")
            self._file.seek(0)
            while piece := self._file.read(_PIECE_BYTES):
                yield piece
            yield b"]}"
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()


async def answer_of_import(run: Callable[[RefusedLines], Awaitable[ImportCounts]]) -> StreamedAnswer:
    """What came in, and the lines that `run` refused."""
    refused = RefusedLines()
    try:
        return refused.answer(await run(refused))
    except BaseException:  # a cancellation, too: no answer is left that would close the temporary file
        refused.close()
        raise
