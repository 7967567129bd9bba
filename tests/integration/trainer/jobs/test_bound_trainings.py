"""A training that would be too much is refused when it is asked for."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import insert

from ordercast.services.shared.db.features import PairActivity
from ordercast.services.trainer.errors import QueueFull, TrainingTooLarge
from ordercast.services.trainer.jobs.ask_for_training import ask_for_training, cancel_training, read_trainings
from ordercast.services.trainer.jobs.bound_trainings import TrainingBounds
from ordercast.services.trainer.recipes import asked_training
from tests.integration.trainer.conftest import Workplace


async def test_only_so_many_wait_however_many_ask_at_once(workplace: Workplace) -> None:
    bounds, asked = TrainingBounds(waiting=3), asked_training("baseline")
    outcomes = await asyncio.gather(
        *(ask_for_training(workplace.sessions, asked, None, bounds=bounds) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, QueueFull) for outcome in outcomes) == 5
    waiting, _ = await read_trainings(workplace.sessions, limit=10, starting_after=None)
    assert len(waiting) == 3
    await cancel_training(workplace.sessions, waiting[0].id)
    await ask_for_training(workplace.sessions, asked, None, bounds=bounds)


async def test_members_times_epochs_times_rows_are_bounded_and_the_refusal_names_them(workplace: Workplace) -> None:
    await workplace.add_pairs(60)
    bounds = TrainingBounds(work=2 * 5 * 60)
    await ask_for_training(workplace.sessions, asked_training("baseline", members=2, epochs=5), 1, bounds=bounds)
    with pytest.raises(TrainingTooLarge, match="3 members x 5 epochs x 1 questions x 60 rows are 900, and at most 600"):
        await ask_for_training(workplace.sessions, asked_training("baseline", members=3, epochs=5), 1, bounds=bounds)


async def test_of_demand_the_days_count_that_it_would_train_on(workplace: Workplace) -> None:
    days = [
        {"account_id": 1, "product_id": 1, "day": date(2026, 1, day), "known_on": date(2026, 1, day)}
        for day in range(1, 11)
    ]
    async with workplace.sessions() as session, session.begin():
        await session.execute(insert(PairActivity), days)
    bounds = TrainingBounds(work=100)
    early = asked_training("demand", members=1, epochs=1, until=date(2026, 1, 3))
    await ask_for_training(workplace.sessions, early, 1, bounds=bounds)
    with pytest.raises(TrainingTooLarge, match="x 10 rows"):
        await ask_for_training(workplace.sessions, asked_training("demand", members=10, epochs=1), 1, bounds=bounds)
    with pytest.raises(TrainingTooLarge, match="10 members x 1 epochs x 3 questions x 10 rows"):
        await ask_for_training(workplace.sessions, asked_training({"name": "own", "epochs": 1}), 1, bounds=bounds)
