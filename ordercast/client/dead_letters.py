"""What the worker refused, at order_api: looked into, sent again, or never to count. Needs an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ordercast.client.page import Page
from ordercast.client.session import Answer, Session
from ordercast.client.transport import Request

_JSON: Final = {"Content-Type": "application/json"}


class FieldError(Struct, frozen=True):
    field: str
    message: str


class Checked(Struct, frozen=True):
    """What the worker says to a record (`refusal` None: it takes it), and how it differs from the contract."""

    refusal: str | None
    errors: list[FieldError]
    sent: bool = False


class Left(Struct, frozen=True):
    id: str
    reason: str


class Outcome(Struct, frozen=True):
    """`done`: with which it was done, or in a dry run would be; `left`: the others."""

    done: list[str]
    left: list[Left]


class Header(Struct, frozen=True):
    name: str
    value: str


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A refused record; `state` is waiting, replayed, discarded or applied."""

    id: str
    state: str
    reason: str
    topic: str
    partition: int
    offset: int
    key: str
    type: str | None
    accepted_at: datetime
    is_cut: bool


class WholeDeadLetter(DeadLetter, frozen=True, kw_only=True):
    """With its record, and the JSON Schema of its type, if that is known."""

    headers: list[Header]
    body: str
    is_text: bool
    check: Checked
    contract: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class DeadLettersApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session

    async def page(
        self, *, state: str | None = None, limit: int = 20, starting_after: str | None = None
    ) -> Page[DeadLetter]:
        """The newest, or those after one."""
        params = {"state": state, "limit": limit, "starting_after": starting_after}
        return await self.session.ask(Request("GET", self._url(""), params=params, repeatable=True), Page[DeadLetter])

    async def one(self, dead_letter_id: str) -> WholeDeadLetter:
        return await self.session.ask(
            Request("GET", self._url(f"/{quote(dead_letter_id, safe=':')}"), repeatable=True), WholeDeadLetter
        )

    async def replay_one(
        self,
        dead_letter_id: str,
        *,
        body: str | None = None,
        headers: Sequence[tuple[str, str]] | None = None,
        dry_run: bool = False,
    ) -> Checked:
        """With another body or other headers, if these are given. However often, it counts once."""
        sent = {
            "body": body,
            "headers": None if headers is None else [{"name": name, "value": value} for name, value in headers],
            "dry_run": dry_run,
        }
        return await self._post(f"/{quote(dead_letter_id, safe=':')}/replay", sent, Checked)

    async def replay(self, ids: Sequence[str], *, dry_run: bool = False) -> Outcome:
        """As they were; what the worker would refuse again is left."""
        return await self._post("/replay", {"ids": list(ids), "dry_run": dry_run}, Outcome)

    async def discard(self, ids: Sequence[str]) -> Outcome:
        """They never count. It cannot be taken back."""
        return await self._post("/discard", {"ids": list(ids)}, Outcome)

    async def _post(self, path: str, body: dict[str, Any], answer: type[Answer]) -> Answer:
        request = Request("POST", self._url(path), msgspec.json.encode(body), _JSON)
        return await self.session.ask(request, answer)

    def _url(self, path: str) -> str:
        return f"{self.session.order_api}/dead-letters{path}"
