"""Many watch a training: one look for all of them, and each hears what is new, until its token ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from fastapi import Request
from sqlalchemy import text

from ordercast.services.shared.db.api_keys import ApiKey
from ordercast.services.shared.http import still_allowed
from ordercast.services.shared.http.authentication import caller_of
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.key_secrets import PresentedKey, hash_of, new_secret
from ordercast.services.trainer.jobs import trainings, watch_training
from ordercast.services.trainer.jobs.answers import EpochEvent, NetworksEvent, TrainingAnswer
from ordercast.services.trainer.jobs.watch_training import WatchTrainings
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked
from tests.integration.trainer.conftest import Workplace
from tests.integration.trainer.jobs.test_trainings import claim, queue
from tests.support.seeds import seed_accounts

WATCHERS = 20


class Counted(WatchTrainings):
    """Counts its questions to the table."""

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace.sessions)
        self.asked: Counter[str] = Counter()

    async def _look(self, training_ids: list[UUID]) -> Any:
        self.asked["look"] += 1
        return await super()._look(training_ids)

    async def _read(self, training_id: UUID, attempt: int, seen: int) -> Any:
        self.asked["read"] += 1
        return await super()._read(training_id, attempt, seen)


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_training, "POLL_S", 0.02)


@asynccontextmanager
async def watching(workplace: Workplace) -> AsyncIterator[Counted]:
    watch, stopping = Counted(workplace), asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    try:
        yield watch
    finally:
        stopping.set()
        await running


async def always() -> bool:
    return True


async def heard(
    watch: WatchTrainings, training_id: UUID, may_watch: Callable[[], Awaitable[bool]] = always
) -> list[Any]:
    events = watch(training_id, asyncio.Event(), may_watch)
    return [event async for event in events if event is not None]


async def test_one_look_serves_all_who_watch_and_each_hears_everything(workplace: Workplace) -> None:
    training_id = await queue(workplace, epochs=2)
    async with watching(workplace) as watch, asyncio.timeout(60):
        watchers = [asyncio.create_task(heard(watch, training_id)) for _ in range(WATCHERS)]
        looks = 0
        while looks < 10:  # nothing happens
            await asyncio.sleep(0.02)
            looks = watch.asked["look"]
        read_before = watch.asked["read"]
        while watch.asked["look"] < looks + 10:
            await asyncio.sleep(0.02)
        assert watch.asked["read"] == read_before

        training = await claim(workplace, "a")
        assert training is not None
        for epoch in (1, 2):
            async with workplace.sessions() as session, session.begin():
                await trainings.note_epochs(session, training_id, [EpochLosses(epoch, (1.0,), (1.0,))])
        async with workplace.sessions() as session, session.begin():
            assert await trainings.finish(session, training, "a", "failed", error="for the test")
        for events in await asyncio.gather(*watchers):
            assert [event.epoch for event in events if isinstance(event, EpochEvent)] == [1, 2]
            assert isinstance(events[-1], TrainingAnswer)
            assert events[-1].status == "failed"
        assert not watch._watched


async def test_which_networks_answer_a_constant_is_told_after_the_epochs_and_whenever_it_is_others(
    workplace: Workplace,
) -> None:
    training_id = await queue(workplace, epochs=1)
    training = await claim(workplace, "a")
    assert training is not None
    events: list[Any] = []
    again = NetworksLooked("views", 1, (2,), (2,), 1, 3)

    async def note(*looks: NetworksLooked) -> None:
        async with workplace.sessions() as session, session.begin():
            await trainings.note_epochs(session, training_id, [EpochLosses(1, (1.0,), (1.0,))])
            await trainings.note_networks(session, training_id, {look.question: look for look in looks})

    async with watching(workplace) as watch, asyncio.timeout(60):
        await note(again)
        async for event in watch(training_id, asyncio.Event(), always):
            if event is None:
                continue
            events.append(event)
            if isinstance(event, NetworksEvent) and event.attempt:
                await note(msgspec.structs.replace(again, attempt=0))
            elif isinstance(event, NetworksEvent):
                async with workplace.sessions() as session, session.begin():
                    assert await trainings.finish(session, training, "a", "failed", error="for the test")
    assert [type(event) for event in events] == [EpochEvent, NetworksEvent, NetworksEvent, TrainingAnswer]
    assert [event.attempt for event in events[1:3]] == [1, 0]
    assert events[-1].networks == [events[2]]


async def test_a_stream_ends_with_the_right_to_have_it(workplace: Workplace) -> None:
    training_id = await queue(workplace)
    answers = iter([True, True, False])

    async def may_watch() -> bool:
        return next(answers)

    async with watching(workplace) as watch, asyncio.timeout(60):
        assert await heard(watch, training_id, may_watch) == []
        assert not watch._watched


ENDS_A_LOG_IN = "UPDATE accounts SET ended_log_ins = ARRAY[CAST(:log_in AS uuid)], tokens_ended_at = now()"
ENDS_BY_ROLE = "UPDATE accounts SET token_version = 1, tokens_ended_at = now(), role = 'CUSTOMER'"
ENDS_BY_BLOCK = "UPDATE accounts SET token_version = 1, tokens_ended_at = now(), blocked_at = now()"
REVOKES = "UPDATE api_keys SET revoked_at = now()"
ALL_OF_ACCOUNT = {"log-in", "another log-in", "key"}


@pytest.mark.parametrize(
    ("end", "ended"),
    [
        (ENDS_A_LOG_IN, {"log-in"}),
        (ENDS_BY_ROLE, ALL_OF_ACCOUNT),
        (ENDS_BY_BLOCK, ALL_OF_ACCOUNT),
        (REVOKES, {"key"}),
    ],
    ids=["logged out", "another role", "blocked", "key revoked"],
)
async def test_open_streams_end_within_seconds_of_their_token_or_key_and_others_go_on(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, end: str, ended: set[str]
) -> None:
    judged = Counter[str]()

    async def counted(request: Request) -> Caller:
        judged[request.headers["authorization"]] += 1
        return await caller_of(request)

    monkeypatch.setattr(still_allowed, "caller_of", counted)
    ann, bob = await seed_accounts(workplace.sessions, 2)
    log_in, secret = uuid4(), new_secret()
    key = ApiKey(account_id=ann, name="k", scopes=["trainings:read"], secret_hash=hash_of(secret))
    key.created_at = datetime.now(UTC)
    training_id = await queue(workplace, status="running", lease_owner="another trainer")
    async with workplace.sessions() as session, session.begin():
        session.add(key)
        await session.execute(text("UPDATE accounts SET role = 'OPERATOR'"))
        await session.execute(text("UPDATE trainings SET leased_until = now() + interval '1 hour'"))
    credentials = {
        "log-in": workplace.signer.sign(Caller(ann, "OPERATOR", log_in=log_in)),
        "another log-in": workplace.signer.sign(Caller(ann, "OPERATOR", log_in=uuid4())),
        "key": str(PresentedKey(key.id, secret)),
        "another account": workplace.signer.sign(Caller(bob, "OPERATOR", log_in=log_in)),
    }
    async with workplace.trainer() as client, asyncio.timeout(60), asyncio.TaskGroup() as group:
        streams = {
            name: group.create_task(
                client.get(f"/trainings/{training_id}/events", headers={"Authorization": f"Bearer {credential}"})
            )
            for name, credential in credentials.items()
        }
        while any(judged[f"Bearer {credential}"] < 2 for credential in credentials.values()):
            await asyncio.sleep(0.02)
        assert not any(stream.done() for stream in streams.values())
        async with workplace.sessions() as session, session.begin():
            whose = "" if end == REVOKES else f" WHERE id = {ann}"
            await session.execute(text(end + whose), {"log_in": log_in} if end == ENDS_A_LOG_IN else {})
        answers = [await streams[name] for name in ended]
        assert {(answer.status_code, answer.text) for answer in answers} == {(200, "")}
        assert {name for name, stream in streams.items() if stream.done()} == ended
        for stream in streams.values():
            stream.cancel()
