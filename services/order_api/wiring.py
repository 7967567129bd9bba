"""Opens and closes all that order_api uses, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import text

from services.order_api.settings import OrderApiSettings
from services.shared.db.engine import Sessions, open_database
from services.shared.http.health import Check
from services.shared.http.token_keys import load_private_key, load_public_key
from services.shared.http.tokens import TokenSigner, TokenVerifier


@dataclass(frozen=True, slots=True)
class OrderApi:
    """What the routes use; at `app.state.service`."""

    sessions: Sessions
    signer: TokenSigner
    verifier: TokenVerifier
    checks: Mapping[str, Check]


@asynccontextmanager
async def open_order_api(settings: OrderApiSettings) -> AsyncIterator[OrderApi]:
    """Everything, ready to serve. Neither PostgreSQL nor Kafka has to be there yet: /readyz tells when they are.

    Raises:
        CannotStart: a token key is missing or damaged.
    """
    private_key = load_private_key(settings.token_private_key_file)
    public_key = load_public_key(settings.token_public_key_file)
    async with open_database(
        settings.database_url, application="order_api", pool_size=settings.database_pool_size
    ) as sessions:
        yield OrderApi(
            sessions=sessions,
            signer=TokenSigner(private_key),
            verifier=TokenVerifier(public_key),
            checks={"database": Check(partial(_ask_database, sessions))},
        )


async def _ask_database(sessions: Sessions) -> None:
    async with sessions() as session:
        await session.execute(text("SELECT 1"))


def _service(request: Request) -> OrderApi:
    service: OrderApi = request.app.state.service
    return service


CurrentService = Annotated[OrderApi, Depends(_service)]
