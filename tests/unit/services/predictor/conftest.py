"""A predictor whose PostgreSQL and Kafka are not there: what it still does is what these tests look at."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager

from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.model_slot import ModelSlot, ServedDemand, ServedModel
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.token_keys import create_key_pair, load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from tests.support.model_artifacts import WrittenModel, write_model


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class LonelyPredictor:
    """The app without its servers, and what a test needs to use it."""

    client: httpx.AsyncClient
    slot: ModelSlot[ServedModel]
    demand: ModelSlot[ServedDemand]
    signer: TokenSigner
    artifacts: Path

    def token(self, account_id: int, role: Role = "CUSTOMER") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.sign(Caller(account_id, role))}"}

    def serve(self, model: WrittenModel) -> None:
        self.slot.swap(load_model(self.artifacts, model.version, model.manifest_sha256))


@pytest.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[LonelyPredictor]:
    create_key_pair(tmp_path / "private.pem", tmp_path / "public.pem")
    settings = PredictorSettings(
        database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{closed_port()}/nothing",
        kafka_bootstrap=f"127.0.0.1:{closed_port()}",
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=tmp_path / "public.pem",
    )
    app = predictor_app(settings)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://predictor") as client,
    ):
        signer = TokenSigner(load_private_key(tmp_path / "private.pem"))
        service = app.state.service
        yield LonelyPredictor(client, service.slot, service.demand, signer, settings.artifacts_dir)


@pytest.fixture
def serving(lonely: LonelyPredictor) -> LonelyPredictor:
    """The same with a model in its slot."""
    lonely.serve(write_model(lonely.artifacts, seed=1))
    return lonely
