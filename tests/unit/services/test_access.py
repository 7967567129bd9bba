"""The table of who may do what is whole, and each route of each service keeps to it, whoever asks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from ordercast.services.order_api.app import order_api_app
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.predictor.app import predictor_app
from ordercast.services.predictor.settings import PredictorSettings
from ordercast.services.shared.http.access import ACCESS, Operation
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.http.token_keys import VerifyingKey
from ordercast.services.shared.http.tokens import TokenSigner, TokenVerifier
from ordercast.services.shared.problem_types.problem_type import ProblemType
from ordercast.services.trainer.app import trainer_app
from ordercast.services.trainer.settings import TrainerSettings

KEY: Final = Ed25519PrivateKey.generate()
FILE: Final = Path("unread.pem")
SETTINGS: Final[dict[str, Any]] = {
    "database_url": "postgresql+asyncpg://nobody@127.0.0.1:1/none",
    "kafka_bootstrap": "127.0.0.1:1",
    "token_public_key_file": FILE,
}
APPS: Final = (
    order_api_app(OrderApiSettings(**SETTINGS, token_private_key_file=FILE)),
    trainer_app(TrainerSettings(**SETTINGS, artifacts_dir=FILE)),
    predictor_app(PredictorSettings(**SETTINGS, artifacts_dir=FILE)),
)
# What every service has beside its work, inside its network.
INSIDE: Final = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}
REACHED: Final = 418
# Which body a route needs before it asks who sends it.
BODIES: Final[dict[Operation, Any]] = {
    ("POST", "/predictions"): {"products": [1]},
}


class _Reached:
    """A service of which nothing but the check of tokens is there: whoever gets further has come in."""

    verifier = TokenVerifier([VerifyingKey(KEY.public_key())])

    def __getattr__(self, name: str) -> object:
        raise Problem(ProblemType("reached", REACHED, "Let in"))


def operations(app: FastAPI) -> Iterator[Operation]:
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            if (method.upper(), path) not in INSIDE:
                yield method.upper(), path


EVERY: Final = [(app, operation) for app in APPS for operation in operations(app)]


async def status_of(app: FastAPI, operation: Operation, token: str | None) -> int:
    app.state.service = _Reached()
    method, path = operation
    asked = re.sub(r"\{(\w+)\}", lambda part: _value_of(part[1]), path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        return (await client.request(method, asked, headers=headers, json=BODIES.get(operation))).status_code


def _value_of(parameter: str) -> str:
    uuid = "01890a5d-ac96-774b-bcce-b302099a8057"
    return {"order_id": uuid, "training_id": uuid, "sku": "MUG", "version": "v1"}.get(parameter, "1")


def test_each_operation_of_each_service_stands_in_the_table_and_no_other() -> None:
    assert {operation for _, operation in EVERY} == ACCESS.keys()


@pytest.mark.parametrize(
    ("app", "operation"), EVERY, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
async def test_an_operation_lets_in_whom_the_table_does(app: FastAPI, operation: Operation) -> None:
    access = ACCESS[operation]
    signer = TokenSigner(KEY)
    assert (await status_of(app, operation, None) == 401) == (not access.open or operation in BODIES)
    if not access.open:
        foreign = TokenSigner(Ed25519PrivateKey.generate()).sign(Caller(1, "ADMIN"))
        assert await status_of(app, operation, foreign) == 401
    for role, reach in access.reach.items():
        status = await status_of(app, operation, signer.sign(Caller(1, role)))
        refused = reach == "none" or (operation in BODIES and reach != "any")
        assert (status == 403) == refused, (role, status)
        assert status != 401
