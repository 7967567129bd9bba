"""The trainer as a client sees it. Needs an operator."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from ordercast.client.event_answers import ServerEvent
from ordercast.client.events import read_events, read_lines
from ordercast.client.page import Page
from ordercast.client.request import Request
from ordercast.client.session import Session
from ordercast.client.training_answers import Recipe, Recipes, Training


@dataclass(frozen=True, slots=True)
class TrainerApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session
    address: str

    async def start(self, recipe: str | Mapping[str, Any] = "baseline", **changes: int | str) -> Training:
        """Queues a training, by a built-in recipe's name or by a recipe of one's own.

        `changes` stand in place of the recipe's values: members, epochs, batch_size, seed, publish; of `demand` also
        horizon_days, and until (a date as YYYY-MM-DD).
        """
        body = msgspec.json.encode({"recipe": recipe, **changes})
        request = Request("POST", f"{self.address}/trainings", body, {"Content-Type": "application/json"})
        return await self.session.ask(request, Training)

    async def get(self, training_id: UUID) -> Training:
        request = Request("GET", f"{self.address}/trainings/{training_id}", repeatable=True)
        return await self.session.ask(request, Training)

    async def newest(self, limit: int = 20) -> list[Training]:
        return (await self.page(limit)).data

    async def page(self, limit: int = 20, starting_after: UUID | None = None) -> Page[Training]:
        """The newest, or those before one."""
        params = {"limit": limit, "starting_after": starting_after}
        request = Request("GET", f"{self.address}/trainings", params=params, repeatable=True)
        return await self.session.ask(request, Page[Training])

    async def recipes(self) -> list[Recipe]:
        """The built-in recipes, then those that somebody wrote and used."""
        return (await self.session.ask(Request("GET", f"{self.address}/recipes", repeatable=True), Recipes)).data

    async def cancel(self, training_id: UUID) -> None:
        await self.session.send(Request("DELETE", f"{self.address}/trainings/{training_id}", repeatable=True))

    async def events(self, training_id: UUID) -> AsyncIterator[ServerEvent]:
        """What happens in a training, as it happens, until it has ended or the connection breaks off."""
        request = Request("GET", f"{self.address}/trainings/{training_id}/events")
        request = await self.session.authorized(request)
        async with self.session.transport.stream(request) as response:
            async for event in read_events(read_lines(response.aiter_bytes())):
                yield event


def data_of(event: ServerEvent) -> dict[str, Any]:
    """The JSON document of an event."""
    document: dict[str, Any] = msgspec.json.decode(event.data)
    return document
