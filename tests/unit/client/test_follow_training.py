"""A training is followed to its end, over a connection that breaks off."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from uuid import UUID

import pytest

from ordercast.client import Addresses, open_client
from ordercast.client import follow_training as module
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.follow_training import follow_training, until_served
from tests.support.oracle_http import Answer, Received, serving

TRAINING = {
    "id": str(UUID(int=7)),
    "recipe": "baseline",
    "members": 2,
    "epochs": 2,
    "batch_size": 32,
    "seed": 7,
    "status": "running",
    "progress": {"epoch": 0, "epochs": 2},
}
METRICS = {
    "holdout_rows": 5,
    **{name: {"mse": 1.0, "mae": 0.5} for name in ("ensemble", "mean", "line")},
}


def epoch(number: int) -> str:
    return f"event: epoch\nid: {number}\ndata: {json.dumps({'epoch': number, 'epochs': 2, 'loss': [1.5, None]})}\n\n"


async def test_waiting_and_epochs_are_told_and_a_broken_stream_is_taken_up_again() -> None:
    waiting = 'event: waiting\ndata: {"events_behind": 49}\n\n'
    looked = 'event: networks\ndata: {"question":"views","epoch":1,"collapsed":[1],"more":0}\n\n'
    streams = [waiting + epoch(1) + "event: epoch\ndata: {", epoch(1) + looked + epoch(2)]
    states = [TRAINING, {**TRAINING, "status": "succeeded", "model_version": "v1", "metrics": METRICS}]

    async def answer(request: Received) -> Answer:
        return Answer(200, streams.pop(0) if request.path.endswith("/events") else states.pop(0))

    told: list[tuple[int, int, Sequence[float | None]]] = []
    waited: list[int] = []
    collapsed: list[list[int]] = []
    async with serving(answer) as url, open_client(Addresses(url, url, url)) as client:
        training = await follow_training(
            client.trainer,
            UUID(int=7),
            lambda *epoch: told.append(epoch),
            waited.append,
            lambda networks: collapsed.append(networks.collapsed),
        )
    assert (waited, collapsed) == ([49], [[1]])
    assert told == [(1, 2, [1.5, None]), (1, 2, [1.5, None]), (2, 2, [1.5, None])]
    assert training.model_version == "v1"
    assert training.metrics is not None
    assert training.metrics.line.mse == 1.0


async def test_a_new_version_is_waited_for() -> None:
    model = {"version": "v1", "recipe": "baseline", "members": 10, "trained_at": "2026-01-01T00:00:00Z"}
    answers = [
        Answer(503, {"type": "/problems/no-model", "title": "No model is served yet"}, {"Retry-After": "5"}),
        *(Answer(200, {**model, "version": v, "rows": 5, "metrics": {}}) for v in ("v1", "v2")),
    ]

    async def answer(request: Received) -> Answer:
        return answers.pop(0)

    async with serving(answer) as url, open_client(Addresses(url, url, url)) as client:
        await until_served(client.predictor, "v2")
    assert answers == []


async def test_one_look_may_last_longer_than_is_waited_and_what_is_told_is_how_long_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = {"version": "v1", "recipe": "baseline", "members": 10, "trained_at": "2026-01-01T00:00:00Z", "rows": 5}
    now = 0.0

    async def answer(request: Received) -> Answer:
        nonlocal now
        now = 100.0  # its retries and its answer took so long
        return Answer(200, {**model, "metrics": {}})

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    async with serving(answer) as url, open_client(Addresses(url, url, url)) as client:
        with pytest.raises(ServiceUnreachable, match="no predictor serves v2 after 100 s"):
            await until_served(client.predictor, "v2")


async def test_a_version_that_waits_under_a_pin_is_not_waited_for() -> None:
    model = {"version": "v1", "recipe": "baseline", "members": 10, "trained_at": "2026-01-01T00:00:00Z", "rows": 5}
    pinned = Answer(200, {**model, "metrics": {}, "pinned": True, "challenger": "v2"})

    async def answer(request: Received) -> Answer:
        return pinned

    async with serving(answer) as url, open_client(Addresses(url, url, url)) as client:
        with pytest.raises(ServiceUnreachable, match="v2 waits as a challenger: v1 is pinned"):
            await until_served(client.predictor, "v2")
