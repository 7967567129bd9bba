"""A small app in the common frame, for tests of the frame itself."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx
from asgi_lifespan import LifespanManager
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, FastAPI

from ordercast.services.shared.http.access import ACCESS, Access, Operation
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.problem import ProblemTable
from ordercast.services.shared.http.rate_limits import RateLimit
from ordercast.services.shared.http.token_keys import VerifyingKey
from ordercast.services.shared.http.tokens import TokenSigner, TokenVerifier


@dataclass(frozen=True)
class SmallService:
    """What the small app's wiring yields."""

    checks: Mapping[str, Check]
    signer: TokenSigner
    verifier: TokenVerifier
    closed: list[str] = field(default_factory=list)


def small_service(checks: Mapping[str, Check] | None = None) -> SmallService:
    key = Ed25519PrivateKey.generate()
    return SmallService(checks or {}, TokenSigner(key), TokenVerifier([VerifyingKey(key.public_key())]))


def wiring_of(service: SmallService) -> Callable[[], AbstractAsyncContextManager[SmallService]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[SmallService]:
        yield service
        service.closed.append("wiring")

    return opened


def small_app(
    router: APIRouter | None = None,
    *,
    service: SmallService | None = None,
    problems: ProblemTable | None = None,
    max_body_bytes: int = 1_000,
    body_limits: Mapping[str, int | None] | None = None,
    rate_limits: Sequence[RateLimit] = (),
    access: Mapping[Operation, Access] = ACCESS,
) -> FastAPI:
    return create_app(
        title="Small",
        wiring=wiring_of(service or small_service()),
        routers=[router] if router else [],
        problems=problems,
        max_body_bytes=max_body_bytes,
        body_limits=body_limits,
        rate_limits=rate_limits,
        access=access,
    )


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://small") as client,
    ):
        yield client
