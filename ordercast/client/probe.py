"""One quick look at an address, so that a wrong one is told at once and not after all retries."""

from typing import Final

import httpx
import msgspec

from ordercast.client.certificates import trusted_here
from ordercast.client.errors import AnswerUnreadable, ServiceUnreachable
from ordercast.client.request import CONNECT_TIMEOUT_S
from ordercast.first_line import first_line

# A service looks at its parts for 2 s before it says that one is missing.
READINESS_TIMEOUT_S: Final = 4.0


class _Readiness(msgspec.Struct):
    checks: dict[str, str]


async def read_failing_checks(address: str) -> dict[str, str] | None:
    """The parts that a service of ours misses, each with the reason (`/readyz`); None if it does not answer."""
    try:
        async with httpx.AsyncClient(verify=trusted_here(), timeout=READINESS_TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(f"{address}/readyz")
        checks = msgspec.json.decode(answer.content, type=_Readiness).checks
    except (httpx.TransportError, msgspec.DecodeError):
        return None
    return {name: outcome for name, outcome in checks.items() if outcome != "ok"}


async def check_answers(address: str) -> None:
    """Returns if a service of ours answers at a base URL.

    Raises:
        ServiceUnreachable: nobody does.
        AnswerUnreadable: somebody else does.
    """
    try:
        async with httpx.AsyncClient(verify=trusted_here(), timeout=CONNECT_TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(f"{address}/healthz")
    except httpx.TransportError as error:
        raise ServiceUnreachable(f"nothing answers at {address}: {first_line(error)}") from error
    if not (answer.is_success and answer.text == '{"status":"ok"}'):
        raise AnswerUnreadable(
            f"what answers at {address} is no service of Ordercast: status {answer.status_code} at /healthz"
        )
