"""Whole predictors on a real database and a real broker, in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from asgi_lifespan import LifespanManager
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.contracts.model_signature import encode_signature, signed_text
from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.token_keys import create_key_pair, load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from tests.conftest import TEST_PARTITIONS
from tests.support.demand_versions import WrittenDemand, write_demand
from tests.support.model_artifacts import WrittenModel, write_model


@dataclass(frozen=True, slots=True)
class Workplace:
    """What predictors of one test share: the record, the artifacts and the keys."""

    sessions: Sessions
    settings: PredictorSettings
    signer: TokenSigner

    key: Ed25519PrivateKey

    async def record(
        self, model: WrittenModel, *, manifest_sha256: str | None = None, signed_by: Ed25519PrivateKey | None = None
    ) -> WrittenModel:
        """Publishes a version as the trainer does it, but for the event."""
        await self._add(model, "baseline", manifest_sha256 or model.manifest_sha256, signed_by or self.key)
        return model

    async def publish_demand(self, *, signed_by: Ed25519PrivateKey | None = None, **changes: Any) -> WrittenDemand:
        """A new version of `demand`."""
        model = write_demand(self.settings.artifacts_dir, **changes)
        await self._add(model, "demand", model.manifest_sha256, signed_by or self.key)
        return model

    async def _add(
        self, model: WrittenModel | WrittenDemand, recipe: str, manifest_sha256: str, key: Ed25519PrivateKey
    ) -> None:
        row = ModelVersion(
            version=model.version,
            training_id=UUID(model.manifest.training_id),
            recipe=recipe,
            manifest_sha256=manifest_sha256,
            manifest_signature=encode_signature(key.sign(signed_text(recipe, model.version, manifest_sha256))),
        )
        async with self.sessions() as session, session.begin():
            session.add(row)

    async def publish(self, quantity: float) -> WrittenModel:
        """A new version that answers `quantity` to everything."""
        return await self.record(write_model(self.settings.artifacts_dir, quantity=quantity))

    def token(self, account_id: int, role: Role = "CUSTOMER") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signer.sign(Caller(account_id, role))}"}

    @asynccontextmanager
    async def predictor(self, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A running predictor, as a client sees it."""
        app = predictor_app(self.settings.model_copy(update=settings))
        async with (
            LifespanManager(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://predictor") as client,
        ):
            yield client


@pytest.fixture
async def workplace(database_url: str, kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[Workplace]:
    create_key_pair(tmp_path / "private.pem", tmp_path / "public.pem")
    create_key_pair(tmp_path / "model_private.pem", tmp_path / "model_public.pem")
    settings = PredictorSettings(
        database_url=database_url,
        kafka_bootstrap=kafka_bootstrap,
        partitions=TEST_PARTITIONS,
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=tmp_path / "public.pem",
        model_public_key_file=tmp_path / "model_public.pem",
    )
    async with open_database(database_url, application="test") as sessions:
        signer = TokenSigner(load_private_key(tmp_path / "private.pem"))
        yield Workplace(sessions, settings, signer, load_private_key(tmp_path / "model_private.pem"))
