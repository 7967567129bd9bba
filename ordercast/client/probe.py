"""One quick look at an address, so that a wrong one is told at once and not after all retries."""

import httpx

from ordercast.client.errors import AnswerUnreadable, ServiceUnreachable
from ordercast.client.transport import CONNECT_TIMEOUT_S


async def check_answers(address: str) -> None:
    """Returns if a service of ours answers at a base URL.

    Raises:
        ServiceUnreachable: nobody does.
        AnswerUnreadable: somebody else does.
    """
    try:
        async with httpx.AsyncClient(timeout=CONNECT_TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(f"{address}/healthz")
    except httpx.TransportError as error:
        raise ServiceUnreachable(f"nothing answers at {address}: {error or type(error).__name__}") from error
    if not (answer.is_success and answer.text == '{"status":"ok"}'):
        raise AnswerUnreadable(
            f"what answers at {address} is no service of Ordercast: status {answer.status_code} at /healthz"
        )
