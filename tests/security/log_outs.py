"""What is still good after a log-out, however quickly somebody refreshes meanwhile; and who keeps others from logging in."""

import asyncio
import time
from typing import Final

import httpx

from ordercast.infra.local.system import System
from tests.security.findings import Finding

ROUNDS: Final = 10
# All services look once a second.
ENDED_WITHIN_S: Final = 10.0
# More than one may log in with in a minute (60).
RIGHT_PASSWORDS: Final = 90


async def log_outs(
    http: httpx.AsyncClient, system: System, email: str, password: str, others_email: str
) -> list[Finding]:
    """Refreshes and log-outs of the same log-ins at once, then too many log-ins."""
    api, predictor = system.urls["order_api"], system.urls["predictor"]

    async def log_in(name: str) -> httpx.Response:
        return await http.post(f"{api}/auth/token", data={"username": name, "password": password})

    async def with_refresh_token(path: str, tokens: httpx.Response) -> httpx.Response:
        return await http.post(f"{api}/auth/{path}", json={"refresh_token": tokens.json()["refresh_token"]})

    async def good(tokens: list[str]) -> int:
        """How many are let in by either service."""
        asked = [
            http.get(f"{base}/{path}", headers={"Authorization": f"Bearer {token}"})
            for base, path in ((api, "accounts/me"), (predictor, "predictions/accounts/999999999"))
            for token in tokens
        ]
        return sum(answer.status_code != 401 for answer in await asyncio.gather(*asked))

    stays, given, refreshable = await log_in(email), list[str](), 0
    for _ in range(ROUNDS):
        mine = await log_in(email)
        refreshed, _ = await asyncio.gather(with_refresh_token("refresh", mine), with_refresh_token("log-out", mine))
        pairs = [mine, *([refreshed] if refreshed.status_code == 200 else [])]
        given += [pair.json()["access_token"] for pair in pairs]
        refreshable += (await with_refresh_token("refresh", pairs[-1])).status_code == 200
    began = time.monotonic()
    while (left := await good(given)) and time.monotonic() < began + ENDED_WITHIN_S:
        await asyncio.sleep(0.2)
    findings = [
        Finding.compared("refresh tokens that outlast a log-out at the same moment", 0, refreshable),
        Finding.compared(f"access tokens of {ROUNDS} ended log-ins that are good", 0, left),
        Finding.compared("another log-in of the account", 2, await good([stays.json()["access_token"]])),
    ]
    flood = asyncio.gather(*(log_in(email) for _ in range(RIGHT_PASSWORDS)))
    await asyncio.sleep(0)  # they are on their way first
    others = await log_in(others_email)
    findings.append(Finding.compared("another account's log-in meanwhile", 200, others.status_code))
    let_in = sum(answer.status_code == 200 for answer in await flood)
    findings.append(Finding.bounded(f"{RIGHT_PASSWORDS} log-ins of an account with its password", let_in, 60, "let in"))
    return findings
