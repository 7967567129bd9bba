"""What is known of the lines of a keyed batch between two tries, and who works on it. Pure.

A line is known by its number and its content. Once it may have been sent it has a place in a stream of numbers, and keeps it: every
repeat sends it under the same number, so it counts once. Numbers of a stream only rise, so lines that come in later, because
they were corrected, get a stream of their own.

One try at a time holds a batch, for a limited time: a process that dies must not keep it. A try whose time is over may still be
sending; its lines keep their numbers, so nothing counts twice, but only the holder may forget a line or give the whole answer.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

import msgspec

# Bytes of a line's digest: enough to tell a line from its corrections.
DIGEST_BYTES: Final = 8

_encoder: Final = msgspec.msgpack.Encoder()


class SentLine(msgspec.Struct, array_like=True):
    """A line that was sent, or is to be. `stream` is its place in `BatchProgress.streams`."""

    digest: bytes
    stream: int
    counts: bool = False


class BatchProgress(msgspec.Struct, array_like=True):
    """The lines by number, the streams that they are sent in, and the try that holds the batch until `held_until` (Unix, s)."""

    streams: list[UUID] = msgspec.field(default_factory=list)
    lines: dict[int, SentLine] = msgspec.field(default_factory=dict)
    holder: UUID | None = None
    held_until: float = 0.0

    def is_held(self, now: float) -> bool:
        return self.holder is not None and now < self.held_until

    def hold(self, holder: UUID, until: float) -> None:
        self.holder, self.held_until = holder, until

    def release(self) -> None:
        self.holder = None

    def contradicted(self, digests: Mapping[int, bytes]) -> list[int]:
        """The lines that keep a repeat from being taken.

        What counts may be left out, but not changed. What may count has to come again as it was: once a later number of its stream
        has gone out, nobody could bring it in any more.
        """
        return sorted(
            number
            for number, line in self.lines.items()
            if digests.get(number, line.digest if line.counts else b"") != line.digest
        )

    def add(self, digests: Mapping[int, bytes], stream: UUID) -> frozenset[int]:
        """Gives every line that is new a place in `stream`; their numbers."""
        new = {
            number: SentLine(digest, len(self.streams))
            for number, digest in digests.items()
            if number not in self.lines
        }
        if new:
            self.streams.append(stream)
            self.lines |= new
        return frozenset(new)

    def count(self, numbers: Iterable[int]) -> None:
        """These count."""
        for number in numbers:
            if number in self.lines:
                self.lines[number].counts = True

    def forget(self, numbers: Iterable[int]) -> None:
        """These have not arrived in any try: they may come in corrected."""
        for number in numbers:
            if number in self.lines and not self.lines[number].counts:
                del self.lines[number]

    def encoded(self) -> bytes:
        return _encoder.encode(self)


_decoder: Final = msgspec.msgpack.Decoder(BatchProgress)


def decoded(progress: bytes) -> BatchProgress:
    return _decoder.decode(progress)


def digest_of(line: bytes) -> bytes:
    """A line's content, whatever blanks stand around it."""
    return hashlib.blake2b(line.strip(), digest_size=DIGEST_BYTES).digest()
