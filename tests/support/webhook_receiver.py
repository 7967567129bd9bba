"""Somebody's program that receives webhooks and checks them by the public library."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from tests.support.on_a_port import on_a_port


@dataclass
class Receiver:
    """`secret` as the subscription's owner was shown it. While `failing` it answers 503; while `silent`, nothing."""

    url: str = ""
    secret: str = ""
    failing: bool = False
    silent: bool = False
    events: dict[str, dict[str, Any]] = field(default_factory=dict)  # by webhook-id
    came: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        if self.silent:
            await asyncio.Event().wait()
        if self.failing:
            self.refused += 1
            return Response("closed for a while", status_code=503)
        event = Webhook(self.secret).verify(body, dict(request.headers))
        message_id = request.headers["webhook-id"]
        assert self.events.setdefault(message_id, event) == json.loads(body)  # a repeat says the same
        self.came[message_id] += 1
        return Response(status_code=204)

    def quantities(self) -> dict[int, int]:
        """What each account has ordered and not taken back, by the events that came."""
        sums: Counter[int] = Counter()
        for event in self.events.values():
            sign = {"ordercast.order.placed.v1": 1, "ordercast.order.cancelled.v1": -1}.get(event["type"], 0)
            for item in event["data"].get("items", []):
                sums[event["data"]["account_id"]] += sign * item["quantity"]
        return dict(sums)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), FastAPI()
    app.post("/hook")(receiver.receive)
    async with on_a_port(app) as address:
        receiver.url = f"{address}/hook"
        yield receiver
