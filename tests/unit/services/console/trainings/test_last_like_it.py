"""What is said of the time of a training that reads its rows."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from ordercast.client import Client
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.training_answers import Training
from ordercast.services.console.trainings.last_like_it import last_like_it
from tests.support.console_answers import training

READS = training(9, "running", progress={"epoch": 0, "epochs": 90}, finished_at=None)
TIMES = {"started_at": "2026-11-26T09:00:00+00:00", "finished_at": "2026-11-26T09:01:34+00:00"}


async def told(*others: dict[str, Any], of: dict[str, Any] = READS, is_away: bool = False) -> timedelta | None:
    async def newest() -> list[Training]:
        if is_away:
            raise ServiceUnreachable("no trainer")
        return [msgspec.convert(one, Training) for one in (of, *others)]

    client = cast("Client", SimpleNamespace(trainer=SimpleNamespace(newest=newest)))
    return await last_like_it(client, msgspec.convert(of, Training))


async def test_it_is_the_time_of_the_newest_that_succeeded_with_the_same_work() -> None:
    other, failed = training(8, "succeeded", epochs=2, **TIMES), training(7, "failed", **TIMES)
    same, before = training(6, "succeeded", **TIMES), training(5, "succeeded", **TIMES | {"started_at": None})
    assert await told(other, failed, before, same) == timedelta(seconds=94)
    assert await told(other, failed, before) is None


@pytest.mark.parametrize("is_away", [True, False])
async def test_nothing_is_told_by_another_once_it_has_a_pace_or_where_the_trainer_is_away(is_away: bool) -> None:
    of = READS if is_away else READS | {"progress": {"epoch": 1, "epochs": 90}}
    assert await told(training(6, "succeeded", **TIMES), of=of, is_away=is_away) is None
