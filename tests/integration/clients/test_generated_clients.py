"""docs/clients, followed to the letter: clients made of the documents of running services sign up, log in, order, list and ask."""

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import pytest

from ordercast.services.order_api.app import order_api_app
from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from tests.support.fresh_topics import FreshTopics
from tests.support.model_artifacts import write_model
from tests.support.npm_packages import ROOT, node_folder, run
from tests.support.on_a_port import on_a_port
from tests.support.order_api import TokenKeys, order_api_settings, running_order_api
from tests.support.page_examples import examples

FOLDER: Final = ROOT / "docs" / "clients"
QUANTITY: Final = 3.0
COMMANDS: Final = [example.text for example in examples(FOLDER / "README.md")]


@dataclass(frozen=True)
class Running:
    """Where the services answer, and a product to order."""

    order_api: str
    predictor: str
    product_id: int


@pytest.fixture
async def running(database_url: str, fresh_topics: FreshTopics, tmp_path: Path) -> AsyncIterator[Running]:
    keys = TokenKeys.create(tmp_path)
    kafka = {"kafka_bootstrap": fresh_topics.bootstrap, "partitions": fresh_topics.partitions}
    async with running_order_api(database_url, keys, **kafka) as api:
        product = await api.product(await api.admin())
    settings = PredictorSettings(
        database_url=database_url,
        kafka_bootstrap=fresh_topics.bootstrap,
        artifacts_dir=tmp_path / "artifacts",
        token_public_key_file=keys.public,
    )
    model = write_model(settings.artifacts_dir, quantity=QUANTITY)
    async with open_database(database_url, application="test") as sessions, sessions() as session, session.begin():
        session.add(
            ModelVersion(
                version=model.version,
                training_id=UUID(model.manifest.training_id),
                recipe="baseline",
                manifest_sha256=model.manifest_sha256,
            )
        )
    async with AsyncExitStack() as stack:
        order_api = await stack.enter_async_context(
            on_a_port(order_api_app(order_api_settings(database_url, keys, **kafka)))
        )
        predictor = await stack.enter_async_context(on_a_port(predictor_app(settings)))
        yield Running(order_api, predictor, product["id"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is committed of docs/clients, without what was made there by hand."""
    copied = tmp_path / "clients"
    copied.mkdir()
    names = ("generator.yaml", "requirements.txt", "package.json", "package-lock.json")
    for name in (*names, "five_operations.py", "five_operations.ts"):
        shutil.copy(FOLDER / name, copied)
    return copied


def follow(commands: list[str], running: Running, folder: Path) -> str:
    """Runs the commands as the page has them; what the last one says."""
    places = {
        "http://127.0.0.1:8000": running.order_api,
        "http://127.0.0.1:8002": running.predictor,
        "example.com 1": f"example.com {running.product_id}",
        "@": f"-{uuid4().hex[:8]}@",
    }
    variables = {
        "ORDER_API": running.order_api,
        "PREDICTOR": running.predictor,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), str(node_folder()), os.environ["PATH"])),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    said = ""
    for command in commands:
        for usual, here in places.items():
            command = command.replace(usual, here)
        said = run(*shlex.split(command), folder=folder, **variables)
    return said


def assert_all_five_were_answered(said: str) -> None:
    told = dict(line.split(" ", 1) for line in said.splitlines())
    assert int(told["account"]) > 0
    number, total, currency = told["order"].split()
    assert UUID(number)
    assert (float(total), currency) == (37.5, "EUR")
    assert told["orders"] == number
    assert float(told["quantity"]) == pytest.approx(QUANTITY)


async def test_a_client_in_python(running: Running, folder: Path) -> None:
    commands = [command for command in COMMANDS if command.startswith("uv ")]
    assert_all_five_were_answered(await asyncio.to_thread(follow, commands, running, folder))


async def test_a_client_in_typescript(running: Running, folder: Path) -> None:
    commands = [command for command in COMMANDS if command.startswith(("npm ", "npx ", "node "))]
    assert_all_five_were_answered(await asyncio.to_thread(follow, commands, running, folder))


def test_every_command_of_the_page_is_run() -> None:
    assert all(command.startswith(("uv ", "npm ", "npx ", "node ")) for command in COMMANDS)
