"""The trainings, and what can be trained."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ordercast.client import Client
from ordercast.client.training_answers import FINISHED, Recipe, Training
from ordercast.services.console.parts import Missing, ask

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    training: Training
    now: datetime

    @property
    def is_over(self) -> bool:
        return self.training.status in FINISHED

    @property
    def collapsed(self) -> int:
        """Networks of all questions that answer one constant, as far as it is known."""
        return sum(len(networks.collapsed) for networks in self.training.networks or ())

    @property
    def took(self) -> timedelta | None:
        """Until now, if it runs."""
        started = self.training.started_at
        return (self.training.finished_at or self.now) - started if started else None


@dataclass(frozen=True, slots=True)
class Trainings:
    as_of: datetime
    rows: Sequence[Row] | Missing
    # The last of the page before, and that of this one if there are more.
    after: UUID | None = None
    next_after: UUID | None = None

    @property
    def any_runs(self) -> bool:
        return not isinstance(self.rows, Missing) and any(not row.is_over for row in self.rows)


async def read_trainings(client: Client, after: UUID | None = None) -> Trainings:
    """The newest, or those before one.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    found = await ask("trainer", client.trainer.page(MOST, after))
    now = datetime.now(UTC)
    if isinstance(found, Missing):
        return Trainings(now, found, after)
    rows = [Row(training, now) for training in found.data]
    return Trainings(now, rows, after, rows[-1].training.id if found.has_more else None)


async def read_trainings_and_recipes(
    client: Client, after: UUID | None = None
) -> tuple[Trainings, list[Recipe] | Missing]:
    """The same, with the recipes that go by their name."""
    trainings, recipes = await asyncio.gather(read_trainings(client, after), ask("trainer", client.trainer.recipes()))
    if isinstance(recipes, Missing):
        return trainings, recipes
    return trainings, [recipe for recipe in recipes if recipe.built_in]
