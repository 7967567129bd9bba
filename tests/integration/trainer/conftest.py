"""Whole trainers on a real database and a real broker, in this process or in one of their own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.features import FeaturePosition, FeatureRow
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.token_keys import create_key_pair, load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.settings import TrainerSettings
from tests.support.service_process import ServiceProcess, service_process

# A training's process imports TensorFlow (10 s where nothing is compiled yet) and compiles its graph: far more than any
# test takes alone, for a machine that does other things too.
TRAINED_WITHIN_S = 400.0
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the trainers of one test share: the database, the artifacts and the keys."""

    sessions: Sessions
    settings: TrainerSettings
    signer: TokenSigner

    def token(self, role: Role = "ADMIN") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.sign(Caller(1, role))}"}

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """What its trainers sign versions with."""
        assert self.settings.model_private_key_file is not None
        return load_private_key(self.settings.model_private_key_file)

    @property
    def versions(self) -> list[Path]:
        """What lies in the artifacts folder."""
        folder = self.settings.artifacts_dir
        return sorted(folder.iterdir()) if folder.is_dir() else []

    async def add_pairs(self, rows: int, *, ordered: bool = True) -> None:
        """Feature rows of account 1: views and, if `ordered`, quantities from 1 to 7; and the positions they stand at."""
        pairs = [
            {
                "account_id": 1,
                "product_id": product,
                "first_ordered_at": MOMENT if ordered else None,
                "first_quantity": product % 7 + 1 if ordered else None,
                "order_count": int(ordered),
                "view_count": 1_000 + 37 * product % 9_000,
                "partition": 1,
                "updated_at": MOMENT,
            }
            for product in range(1, rows + 1)
        ]
        position = {"topic": "orders", "partition": 1, "next_offset": rows, "updated_at": MOMENT}
        async with self.sessions() as session, session.begin():
            await session.execute(insert(FeatureRow), pairs)
            await session.execute(insert(FeaturePosition), position)

    @asynccontextmanager
    async def trainer(self, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A running trainer, as an admin sees it."""
        app = trainer_app(self.settings.model_copy(update=settings))
        app.state.stopping = asyncio.Event()
        async with (
            LifespanManager(app, shutdown_timeout=30),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://trainer",
                headers=self.token(),
                timeout=TRAINED_WITHIN_S,
            ) as client,
        ):
            yield client

    def process(self, log: Path) -> AbstractContextManager[ServiceProcess]:
        """A trainer as a process of its own."""
        return service_process("trainer", self.settings, log)

    def client_of(self, address: str) -> httpx.AsyncClient:
        """An admin's client of a trainer's process."""
        return httpx.AsyncClient(base_url=address, headers=self.token(), timeout=TRAINED_WITHIN_S, trust_env=False)


@pytest.fixture
async def workplace(database_url: str, kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Workplace]:
    create_key_pair(tmp_path / "private.pem", tmp_path / "public.pem")
    settings = TrainerSettings(
        database_url=database_url,
        kafka_bootstrap=kafka_bootstrap,
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=tmp_path / "public.pem",
        model_private_key_file=tmp_path / "private.pem",
        trainer_id="trainer-of-this-test",
        trainer_threads=2,
    )
    async with open_database(database_url, application="test") as sessions:
        yield Workplace(sessions, settings, TokenSigner(load_private_key(tmp_path / "private.pem")))


async def start(client: httpx.AsyncClient, **body: Any) -> str:
    """Asks for a small training of the baseline; its id."""
    answer = await client.post("/trainings", json={"recipe": "baseline", "members": 2, "epochs": 3, "seed": 7} | body)
    assert answer.status_code == 202, answer.text
    training_id: str = answer.json()["id"]
    assert answer.headers["Location"] == f"/trainings/{training_id}"
    return training_id


async def eventually(
    client: httpx.AsyncClient, training_id: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The training as soon as `holds` of it."""
    deadline = time.monotonic() + TRAINED_WITHIN_S
    while True:
        training: dict[str, Any] = (await client.get(f"/trainings/{training_id}")).json()
        if holds(training):
            return training
        assert time.monotonic() < deadline, training
        await asyncio.sleep(0.1)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
