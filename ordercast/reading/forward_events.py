"""Sends events on to a URL, one after the other, and keeps how far it is."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from ordercast.errors import ActionableError
from ordercast.first_line import first_line

FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 10.0
ANSWER_WITHIN_S: Final = 30.0
# What the receiver may take later. Any other status of 400 or above says that it never will.
TRANSIENT: Final = frozenset({408, 425, 429})
SERVER_ERROR: Final = 500
HIGHEST_PORT: Final = 65_535
# An answer that is compressed against the request is not unpacked: it may become of any size.
HEADERS: Final = {"Content-Type": "application/cloudevents+json", "Accept-Encoding": "identity"}
# Characters of a receiver's answer that an error shows; about so many bytes of it are read.
SHOWN: Final = 200
# The user and password of a URL, which no error shows.
_USER: Final = re.compile(r"//[^/?#]*@")
# The same where it is no URL: better too much than too little.
_ANY_USER: Final = re.compile(r"//.*@", re.DOTALL)
SUCH_AS: Final = "such as http://127.0.0.1:3000/hook"


class NotForwarded(ActionableError):
    """The receiver did not take an event; those after it wait."""


class PositionFileWrong(ActionableError):
    """A position file cannot be read or written."""


class ForwardEvents:
    """Posts events to a URL. `retry_for_s` is how long one is tried again; `report` hears once of each that waits.

    Raises:
        NotForwarded: it is no URL. At once: the first event may be long in coming.
    """

    def __init__(
        self, http: httpx.AsyncClient, url: str, *, retry_for_s: float, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._http = http
        self._url = _checked(url)
        self._shown = _USER.sub("//", url)
        self._retry_for_s = retry_for_s
        self._report = report

    async def __call__(self, event: dict[str, Any]) -> int:
        """The status of the answer that took it.

        Raises:
            NotForwarded: the receiver refuses it, or did not take it in time.
        """
        body = msgspec.json.encode(event)
        give_up_at, pause, told = time.monotonic() + self._retry_for_s, FIRST_PAUSE_S, False
        while True:
            try:
                async with self._http.stream("POST", self._url, content=body, headers=HEADERS) as answer:
                    said = await _said(answer)
                if answer.is_success:
                    return answer.status_code
                reason = f"{self._shown} answers {answer.status_code}: {said or answer.reason_phrase}"
                again = answer.status_code >= SERVER_ERROR or answer.status_code in TRANSIENT
            except httpx.RequestError as error:
                reason, again = f"{self._shown} does not answer: {first_line(error)}", True
            if not again or time.monotonic() + pause > give_up_at:
                raise NotForwarded(
                    f"the event {event.get('id')} was not taken: {reason}",
                    hint="" if again else "the receiver has to take it, or --types to leave it out",
                )
            if not told:
                told = True
                self._report(f"{reason}; the event is tried again for {self._retry_for_s:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _checked(text: str) -> str:
    try:
        url = httpx.URL(text)
        usable = url.port is None or 0 < url.port <= HIGHEST_PORT
    except httpx.InvalidURL:  # whose reason may show a password that has a slash in it
        usable = False
    if not usable:
        raise NotForwarded(f"{_ANY_USER.sub('//', text)} is no URL", hint=SUCH_AS)
    if url.scheme not in ("http", "https") or not url.host:
        raise NotForwarded(f"{_USER.sub('//', text) or repr(text)} is no URL of HTTP", hint=SUCH_AS)
    return text


async def _said(answer: httpx.Response) -> str:
    """How the answer begins. The status alone counts, so an answer that cannot be read any further is none the worse."""
    if "content-encoding" in answer.headers:
        return ""
    said = b""
    with suppress(httpx.RequestError):
        async for part in answer.aiter_bytes():
            said += part[:SHOWN]
            if len(said) > SHOWN:
                break
    return said.decode(errors="replace")[:SHOWN]


@asynccontextmanager
async def open_forward(
    url: str, *, retry_for_s: float, report: Callable[[str], None] = lambda _: None
) -> AsyncIterator[ForwardEvents]:
    """Proxies of the environment are not used, and a redirect is an answer that takes nothing.

    Raises:
        NotForwarded: it is no URL.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_WITHIN_S) as http:
        yield ForwardEvents(http, url, retry_for_s=retry_for_s, report=report)


class PositionFile:
    """The id of the last event that was sent on, in a file of one line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """None where there is no such file yet. Raises PositionFileWrong."""
        try:
            text = self._path.read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise PositionFileWrong(f"the position file {self._path} cannot be read: {first_line(error)}") from error
        if not text or not text.isascii() or not text.isprintable():
            raise PositionFileWrong(f"{self._path} is no position file", hint="name another one, or remove it")
        return text

    def write(self, last_id: str) -> None:
        """Whole or not at all. Raises PositionFileWrong."""
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            beside.write_text(f"{last_id}\n", "utf-8")
            beside.replace(self._path)
        except OSError as error:
            reason = error.strerror or error
            raise PositionFileWrong(
                f"the position file {self._path} cannot be written: {reason}", hint="name another one with --position"
            ) from error
