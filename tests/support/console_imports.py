"""order_api's answers to what is imported, before orders that the test looks at."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.console_answers import problem


@dataclass
class Imported:
    """`orders` came in, by their number; those of `refused` do not. `asked` is set by the first request. Nothing is
    answered before `gate` is open; `away` times there is no answer."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    views: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    away: int = 0
    requests: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/orders/import", self.take_orders, methods=["POST"]),
            Route("/order_api/views/batch", self.take_views, methods=["POST"]),
        ]

    async def take_orders(self, request: Request) -> Response:
        lines = [msgspec.json.decode(line) for line in (await request.body()).splitlines()]
        self.requests += 1
        self.asked.set()
        await self.gate.wait()
        if self.away:
            self.away -= 1
            return problem(503, "overloaded", "Too much at once")
        refused = [
            {"line": place, "reason": self.refused[line["order_ref"]]}
            for place, line in enumerate(lines, 1)
            if line["order_ref"] in self.refused
        ]
        known = {line["order_ref"] for line in lines} & set(self.orders)
        taken = [line for line in lines if line["order_ref"] not in self.refused]
        self.orders |= {line["order_ref"]: line for line in taken}
        counts = {"created": len(taken) - len(known), "repeated": len(known), "changed": 0, "replaced": 0}
        return JSONResponse({**counts, "refused": refused})

    async def take_views(self, request: Request) -> Response:
        lines = [msgspec.json.decode(line) for line in (await request.body()).splitlines()]
        self.views += lines
        return JSONResponse({"accepted": len(lines), "refused": []}, 202)
