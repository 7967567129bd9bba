"""Dead letters as order_api answers them, for the console's pages: what was asked for is kept in `done`."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ordercast.contracts.json_schema import event_schema
from tests.support.console_answers import problem

ACCEPTED: Final = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
VIEWED: Final = "ordercast.product.viewed.v1"
BODY: Final = {"account_id": 8, "product_id": 7, "count": "many", "occurred_at": "2026-11-26T09:30:00Z"}
REFUSAL: Final = "MalformedEvent: ordercast.product.viewed.v1: Expected `int`, got `str` - at `$.count`"
TAKEN: Final[dict[str, Any]] = {"refusal": None, "errors": [], "sent": False}
REFUSED: Final[dict[str, Any]] = {
    "refusal": REFUSAL,
    "errors": [{"field": "body.count", "message": "'many' is not of type 'integer'"}],
    "sent": False,
}


def letter(offset: int, state: str = "waiting", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"views:0:{offset}",
        "state": state,
        "reason": REFUSAL,
        "topic": "views",
        "partition": 0,
        "offset": offset,
        "key": "8",
        "type": VIEWED,
        "accepted_at": ACCEPTED.isoformat(),
        "is_cut": False,
        "headers": [{"name": "ce_type", "value": VIEWED}, {"name": "ce_specversion", "value": "1.0"}],
        "body": json.dumps(BODY),
        "is_text": True,
        "check": REFUSED,
        "contract": event_schema(VIEWED),
        **changes,
    }


@dataclass
class Letters:
    """The newest first; a body in which "many" stands is refused, as is a replay of one as it was."""

    data: list[dict[str, Any]] = field(
        default_factory=lambda: [
            letter(3),
            letter(2, reason="<b>TooManyGaps</b>", type="ordercast.product.viewed.v9", contract=None, check=TAKEN),
            letter(1, "replayed"),
            letter(0, "discarded"),
        ]
    )
    refuse: str | None = None
    done: list[tuple[str, Any]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/dead-letters", self.page),
            Route("/order_api/dead-letters/replay", self.replay, methods=["POST"]),
            Route("/order_api/dead-letters/discard", self.discard, methods=["POST"]),
            Route("/order_api/dead-letters/{id}", self.one),
            Route("/order_api/dead-letters/{id}/replay", self.replay_one, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        asked = request.query_params
        limit, ids = int(asked["limit"]), [each["id"] for each in self.data]
        rest = self.data[ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0 :]
        found = [each for each in rest if asked.get("state") in (None, each["state"])]
        return JSONResponse({"data": found[:limit], "has_more": len(found) > limit})

    async def one(self, request: Request) -> Response:
        found = next((each for each in self.data if each["id"] == request.path_params["id"]), None)
        return JSONResponse(found) if found else problem(404, "dead-letter-not-found", "There is no such dead letter")

    async def replay_one(self, request: Request) -> Response:
        asked = await request.json()
        checked = REFUSED if asked["body"] is None or "many" in asked["body"] else TAKEN
        if asked["dry_run"]:
            return JSONResponse(checked)
        if self.refuse or checked["refusal"]:
            return problem(409, "refused-again", self.refuse or "The worker would refuse it again")
        self.done.append(("replay", {"id": request.path_params["id"], **asked}))
        return JSONResponse(checked | {"sent": True})

    async def replay(self, request: Request) -> Response:
        asked = await request.json()
        taken = {each["id"] for each in self.data if each["check"] == TAKEN}
        left = [{"id": id_, "reason": REFUSAL} for id_ in asked["ids"] if id_ not in taken]
        outcome = {"done": [id_ for id_ in asked["ids"] if id_ in taken], "left": left}
        return JSONResponse(outcome) if asked["dry_run"] else self._do("replay", outcome)

    async def discard(self, request: Request) -> Response:
        asked = await request.json()
        states = {each["id"]: each["state"] for each in self.data}
        if not states.keys() >= set(asked["ids"]):
            return problem(404, "dead-letter-not-found", "There is no such dead letter")
        waiting = [id_ for id_ in asked["ids"] if states[id_] == "waiting"]
        left = [{"id": id_, "reason": "it was replayed already"} for id_ in asked["ids"] if id_ not in waiting]
        outcome = {"done": waiting, "left": left}
        return JSONResponse(outcome) if asked.get("dry_run") else self._do("discard", outcome)

    def _do(self, act: str, outcome: dict[str, Any]) -> Response:
        if self.refuse:
            return problem(503, "kafka-unavailable", self.refuse)
        self.done.append((act, outcome["done"]))
        return JSONResponse(outcome)
