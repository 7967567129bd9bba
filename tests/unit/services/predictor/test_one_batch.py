"""Batches are computed one at a time, none waits for the database that another one needs, and too many are refused."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, Final

import httpx
import pytest

from ordercast.services.predictor import batch_routes, one_batch
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.predict import Prediction, predict_many
from tests.unit.services.predictor.conftest import LonelyPredictor

COUNTS: Final = {"view_counts": [1, 2, 3]}
PAIRS: Final = {"pairs": [{"account_id": 1, "product_id": 1}], "recipe": "baseline"}
# For what would hang without an end if it failed (s).
DEADLINE_S: Final = 30.0


class Computing:
    """In place of the computation: counts those that are at it, and holds them up for as long as `go_on` is not set."""

    def __init__(self) -> None:
        self.at_once: list[int] = []
        self.go_on = threading.Event()
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, model: ServedModel, view_counts: Sequence[int]) -> list[Prediction]:
        with self._lock:
            self._now += 1
            self.at_once.append(self._now)
        self.go_on.wait(DEADLINE_S)
        with self._lock:
            self._now -= 1
        return predict_many(model, view_counts)


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> Computing:
    found = Computing()
    monkeypatch.setattr(batch_routes, "predict_many", found)
    return found


async def ask(serving: LonelyPredictor, body: dict[str, Any], account_id: int = 1) -> httpx.Response:
    return await serving.client.post("/predictions", json=body, headers=serving.token(account_id))


async def test_several_batches_are_computed_one_after_the_other(serving: LonelyPredictor, computing: Computing) -> None:
    asked = [asyncio.create_task(ask(serving, COUNTS, account_id)) for account_id in range(1, 6)]
    while not computing.at_once:
        await asyncio.sleep(0)
    for _ in range(100):  # turns in which the others would come, too
        await asyncio.sleep(0)
    computing.go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 5
    assert computing.at_once == [1] * 5


async def test_a_batch_of_view_counts_is_answered_while_one_of_pairs_waits_for_the_database(
    serving: LonelyPredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def hangs(*_: object) -> dict[Any, Any]:
        asked.set()
        await answers.wait()
        return {}

    monkeypatch.setattr(batch_routes, "read_views", hangs)
    async with asyncio.timeout(DEADLINE_S):
        of_pairs = asyncio.create_task(ask(serving, PAIRS))
        await asked.wait()
        assert (await ask(serving, COUNTS)).status_code == 200
        answers.set()
        assert (await of_pairs).status_code == 200


async def test_more_batches_than_may_wait_are_told_to_come_again(
    serving: LonelyPredictor, computing: Computing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_batch, "MOST_WAITING", 2)
    asked = [asyncio.create_task(ask(serving, COUNTS, account_id)) for account_id in range(1, 5)]
    try:
        async with asyncio.timeout(DEADLINE_S):
            [refused], waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    finally:
        computing.go_on.set()
    answer = await refused
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/too-many-batches")
    assert answer.headers["retry-after"] == "1"
    assert [(await answer).status_code for answer in waiting] == [200] * 3
    assert (await ask(serving, COUNTS)).status_code == 200


async def test_a_batch_whose_client_goes_away_leaves_its_place_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_batch, "MOST_WAITING", 1)
    batches = one_batch.OneBatch()

    async def wait() -> None:
        async with batches:
            pass

    async with batches:
        gone = asyncio.create_task(wait())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
    await waiting
