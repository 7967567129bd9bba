"""What is known of the lines of a keyed batch between two tries. Pure.

A line is known by its number and its content. Once it may have been sent it has a place in a stream of numbers, and keeps it: every
repeat sends it under the same number, so it counts once. Numbers of a stream only rise, so lines that come in later, because
they were corrected, get a stream of their own.
"""

import hashlib
from collections.abc import Mapping
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
    """The lines by number, and the streams that they are sent in."""

    streams: list[UUID] = msgspec.field(default_factory=list)
    lines: dict[int, SentLine] = msgspec.field(default_factory=dict)

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

    def add(self, digests: Mapping[int, bytes], stream: UUID) -> None:
        """Gives every line that is new a place in `stream`."""
        new = {
            number: SentLine(digest, len(self.streams))
            for number, digest in digests.items()
            if number not in self.lines
        }
        if new:
            self.streams.append(stream)
            self.lines |= new

    def encoded(self) -> bytes:
        return _encoder.encode(self)


_decoder: Final = msgspec.msgpack.Decoder(BatchProgress)


def decoded(progress: bytes) -> BatchProgress:
    return _decoder.decode(progress)


def digest_of(line: bytes) -> bytes:
    """A line's content, whatever blanks stand around it."""
    return hashlib.blake2b(line.strip(), digest_size=DIGEST_BYTES).digest()
