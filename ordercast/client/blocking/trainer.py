# Made from ordercast/client/trainer.py by `python -m ordercast.client.generate`: change it there.
"""The trainer as a client sees it. Needs an operator."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from ordercast.client.blocking.events import read_events, read_lines
from ordercast.client.blocking.session import Session
from ordercast.client.event_answers import ServerEvent
from ordercast.client.page import Page
from ordercast.client.request import Request
from ordercast.client.training_answers import Recipe, Recipes, Training


@dataclass(frozen=True, slots=True)
class TrainerApi:
    """Each method raises ProblemAnswer where the service refuses, and ServiceUnreachable where none answers."""

    session: Session
    address: str

    def start(self, recipe: str | Mapping[str, Any] = "baseline", **changes: int | str) -> Training:
        """Queues a training, by a built-in recipe's name or by a recipe of one's own.

        `changes` stand in place of the recipe's values: members, epochs, batch_size, seed, publish; of `demand` also
        horizon_days, and until (a date as YYYY-MM-DD).
        """
        body = msgspec.json.encode({"recipe": recipe, **changes})
        request = Request("POST", f"{self.address}/trainings", body, {"Content-Type": "application/json"})
        return self.session.ask(request, Training)

    def get(self, training_id: UUID) -> Training:
        request = Request("GET", f"{self.address}/trainings/{training_id}", repeatable=True)
        return self.session.ask(request, Training)

    def newest(self, limit: int = 20) -> list[Training]:
        return (self.page(limit)).data

    def page(self, limit: int = 20, starting_after: UUID | None = None) -> Page[Training]:
        """The newest, or those before one."""
        params = {"limit": limit, "starting_after": starting_after}
        request = Request("GET", f"{self.address}/trainings", params=params, repeatable=True)
        return self.session.ask(request, Page[Training])

    def recipes(self) -> list[Recipe]:
        """The built-in recipes, then those that somebody wrote and used."""
        return (self.session.ask(Request("GET", f"{self.address}/recipes", repeatable=True), Recipes)).data

    def cancel(self, training_id: UUID) -> None:
        self.session.send(Request("DELETE", f"{self.address}/trainings/{training_id}", repeatable=True))

    def events(self, training_id: UUID) -> Iterator[ServerEvent]:
        """What happens in a training, as it happens, until it has ended or the connection breaks off."""
        request = Request("GET", f"{self.address}/trainings/{training_id}/events")
        request = self.session.authorized(request)
        with self.session.transport.stream(request) as response:
            for event in read_events(read_lines(response.iter_bytes())):
                yield event


def data_of(event: ServerEvent) -> dict[str, Any]:
    """The JSON document of an event."""
    document: dict[str, Any] = msgspec.json.decode(event.data)
    return document
