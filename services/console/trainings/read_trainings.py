"""The trainings, and what can be trained."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

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

    @property
    def any_runs(self) -> bool:
        return not isinstance(self.rows, Missing) and any(not row.is_over for row in self.rows)


async def read_trainings(client: Client) -> Trainings:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    newest = await ask("trainer", client.trainer.newest(MOST))
    now = datetime.now(UTC)
    return Trainings(now, newest if isinstance(newest, Missing) else [Row(training, now) for training in newest])


async def read_trainings_and_recipes(client: Client) -> tuple[Trainings, list[Recipe] | Missing]:
    """The same, with the recipes that go by their name."""
    trainings, recipes = await asyncio.gather(read_trainings(client), ask("trainer", client.trainer.recipes()))
    if isinstance(recipes, Missing):
        return trainings, recipes
    return trainings, [recipe for recipe in recipes if recipe.built_in]
