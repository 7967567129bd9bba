"""What a peer who means no good sends, over plain sockets, and what it gets."""

import json
import select
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

# A lost answer must fail the test and not hang it.
PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Heard:
    """`sent` are the bytes that the other side took before it answered or closed, its socket's buffer included."""

    answers: bytes
    sent: int

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.answers.split(b"HTTP/1.1 ")[1:]]

    @property
    def problem(self) -> dict[str, Any]:
        """That of the last answer."""
        head, _, body = self.answers.rpartition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in head.lower(), head
        return dict(json.loads(body))


def send_until_closed(port: int, pieces: Iterable[bytes]) -> Heard:
    """Sends until the other side closes, says something and closes, or the pieces end; then reads to the end."""
    answers, sent = b"", 0
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as peer:
        with suppress(ConnectionError):
            for piece in pieces:
                peer.sendall(piece)
                sent += len(piece)
                if select.select([peer], [], [], 0)[0]:
                    break
        with suppress(ConnectionError):  # reset: closed, too
            while data := peer.recv(65_536):
                answers += data
    return Heard(answers, sent)


def endless(start: bytes, piece: bytes, end_bytes: int) -> Iterator[bytes]:
    """`start`, then the piece again and again, at most `end_bytes`."""
    yield start
    yield from repeat(piece, end_bytes // len(piece))
