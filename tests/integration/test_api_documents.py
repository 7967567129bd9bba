"""Each API keeps to its own document: schemathesis makes up requests from it, good and bad ones, always the same.

No status that the document does not have, no 5xx, and answers and headers that fit their schemas.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from ordercast.services.order_api.app import order_api_app
from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import load_private_key
from ordercast.services.shared.http.tokens import TokenSigner
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.jobs.run_trainings import RunTrainings
from ordercast.services.trainer.settings import TrainerSettings
from tests.support.demand_versions import write_demand
from tests.support.fresh_topics import FreshTopics
from tests.support.model_artifacts import write_model
from tests.support.on_a_port import on_a_port
from tests.support.order_api import TokenKeys, order_api_settings, running_order_api

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# Made-up requests for each operation and kind of data: an API is through in about 20 s on two cores.
EXAMPLES: Final = 5
# Far more than it takes, for a machine that does other things too (s).
DEADLINE_S: Final = 300.0
# Longer than any deadline of the services, whose own error is to arrive.
REQUEST_TIMEOUT_S: Final = 40
HOOKS: Final = "tests.support.schemathesis_hooks"
ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TokenKeys:
    return TokenKeys.create(tmp_path_factory.mktemp("keys"))


async def keeps_to_its_document(app: Any, token: str, folder: Path, *options: str) -> None:
    async with on_a_port(app) as address:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
            *("--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES)),
            *("--generation-deterministic", "--phases", "examples,coverage,fuzzing", "--workers", "1"),
            *("--header", f"Authorization: Bearer {token}", "--no-color", "--warnings", "off", "--no-shrink"),
            *("--request-timeout", str(REQUEST_TIMEOUT_S)),
            *options,
            cwd=folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(DEADLINE_S):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, output.decode()


def token(keys: TokenKeys, account_id: int) -> str:
    return TokenSigner(load_private_key(keys.private)).sign(Caller(account_id, "ADMIN"), lifetime_s=3_600)


async def test_order_api(database_url: str, keys: TokenKeys, fresh_topics: FreshTopics, tmp_path: Path) -> None:
    kafka = {"kafka_bootstrap": fresh_topics.bootstrap, "partitions": fresh_topics.partitions}
    async with running_order_api(database_url, keys, **kafka) as api:
        admin = await api.admin()
        await api.product(admin)
    app = order_api_app(order_api_settings(database_url, keys, **kafka))
    # The feed of events goes on for ever; tests of its own ask for it.
    await keeps_to_its_document(app, token(keys, admin.id), tmp_path, "--exclude-path-regex", "/events$")


async def test_trainer(
    database_url: str, kafka_bootstrap: str, keys: TokenKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trains_nothing(*_: object) -> bool:
        return False

    monkeypatch.setattr(RunTrainings, "run_next", trains_nothing)
    settings = TrainerSettings(
        database_url=database_url,
        kafka_bootstrap=kafka_bootstrap,
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=keys.public,
    )
    # The events of a training last as long as it does; tests of their own ask for them.
    await keeps_to_its_document(trainer_app(settings), token(keys, 1), tmp_path, "--exclude-path-regex", "/events$")


async def test_predictor(database_url: str, fresh_topics: FreshTopics, keys: TokenKeys, tmp_path: Path) -> None:
    settings = PredictorSettings(
        database_url=database_url,
        kafka_bootstrap=fresh_topics.bootstrap,
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=keys.public,
    )
    baseline, demand = write_model(settings.artifacts_dir, quantity=3.0), write_demand(settings.artifacts_dir)
    async with open_database(database_url, application="test") as sessions, sessions() as session, session.begin():
        for recipe, model in (("baseline", baseline), ("demand", demand)):
            session.add(
                ModelVersion(
                    version=model.version,
                    training_id=UUID(model.manifest.training_id),
                    recipe=recipe,
                    manifest_sha256=model.manifest_sha256,
                )
            )
    await keeps_to_its_document(predictor_app(settings), token(keys, 1), tmp_path)
