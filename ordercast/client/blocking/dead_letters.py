# Made from ordercast/client/dead_letters.py by `python -m ordercast.client.generate`: change it there.
"""What the worker refused, at order_api: looked into, sent again, or never to count. Needs an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ordercast.client.blocking.session import Answer, Session
from ordercast.client.dead_letter_answers import Checked, DeadLetter, Outcome, WholeDeadLetter
from ordercast.client.page import Page
from ordercast.client.request import Request

_JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class DeadLettersApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session

    def page(self, *, state: str | None = None, limit: int = 20, starting_after: str | None = None) -> Page[DeadLetter]:
        """The newest, or those after one."""
        params = {"state": state, "limit": limit, "starting_after": starting_after}
        return self.session.ask(Request("GET", self._url(""), params=params, repeatable=True), Page[DeadLetter])

    def one(self, dead_letter_id: str) -> WholeDeadLetter:
        return self.session.ask(
            Request("GET", self._url(f"/{quote(dead_letter_id, safe=':')}"), repeatable=True), WholeDeadLetter
        )

    def replay_one(
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
        return self._post(f"/{quote(dead_letter_id, safe=':')}/replay", sent, Checked)

    def replay(self, ids: Sequence[str], *, dry_run: bool = False) -> Outcome:
        """As they were; what the worker would refuse again is left."""
        return self._post("/replay", {"ids": list(ids), "dry_run": dry_run}, Outcome)

    def discard(self, ids: Sequence[str], *, dry_run: bool = False) -> Outcome:
        """They never count. It cannot be taken back."""
        # Said only where it is one: an order_api of before refuses what it does not know.
        sent: dict[str, Any] = {"ids": list(ids), **({"dry_run": True} if dry_run else {})}
        return self._post("/discard", sent, Outcome)

    def _post(self, path: str, body: dict[str, Any], answer: type[Answer]) -> Answer:
        request = Request("POST", self._url(path), msgspec.json.encode(body), _JSON)
        return self.session.ask(request, answer)

    def _url(self, path: str) -> str:
        return f"{self.session.order_api}/dead-letters{path}"
