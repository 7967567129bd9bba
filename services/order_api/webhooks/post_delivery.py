"""Posts a delivery to a receiver that nobody here knows: bounded in time and in what is taken of its answer, to no other place."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, NamedTuple

import httpx

from ordercast.first_line import first_line
from ordercast.services.order_api.errors import AddressRefused
from ordercast.services.order_api.webhooks.addresses import LookUp, LookUpByThreads, address_of

# For all of it (s), from the look-up of the name to the answer.
TIMEOUT_S: Final = 15.0
# Of the answer's body that are kept to be shown; the rest is not read.
ANSWER_BYTES: Final = 500
# Names that are looked up at once: as many as there are webhooks at most (`MAX_WEBHOOKS`).
LOOK_UPS: Final = 50
CONTENT_TYPE: Final = "application/cloudevents+json"


class Answer(NamedTuple):
    """What came of an attempt. `status` None: no answer came, and `start` says why."""

    status: int | None
    start: str
    duration_ms: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class PostDelivery:
    """The use case. `private`: addresses that are not public are allowed, and so is what anybody on the way may read."""

    def __init__(self, client: httpx.AsyncClient, look_up: LookUp, *, private: bool) -> None:
        self._client = client
        self._look_up = look_up
        self._private = private

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Never fails: what goes wrong is the receiver's, or is as good as that."""
        began = time.monotonic()
        status: int | None = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, start = await self._post(url, headers, body)
        except TimeoutError:
            start = f"no answer within {TIMEOUT_S:.0f} seconds"
        except (AddressRefused, httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            start = first_line(error) or type(error).__name__
        return Answer(status, start[:ANSWER_BYTES].replace("\0", "\ufffd"), int((time.monotonic() - began) * 1000))

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        target = httpx.URL(url)
        if target.scheme != "https" and not self._private:  # it was made while that was allowed
            raise AddressRefused("the URL does not begin with https: anybody on the way could read what is sent")
        host = target.raw_host.decode()
        address = await address_of(host, private=self._private, look_up=self._look_up)
        # The certificate is checked against the name, though the connection goes to the address.
        request = self._client.build_request(
            "POST",
            target.copy_with(host=address),
            content=body,
            headers={**headers, "host": target.netloc.decode(), "content-type": CONTENT_TYPE},
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            return answer.status_code, (await _start_of(answer)).decode(errors="replace")
        finally:
            await answer.aclose()


async def _start_of(answer: httpx.Response) -> bytes:
    """As it comes: what is compressed could be endless."""
    start = b""
    async with aclosing(answer.aiter_raw()) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            start += piece[: ANSWER_BYTES - len(start)]
            if len(start) >= ANSWER_BYTES:
                break
    return start


@asynccontextmanager
async def open_post_delivery(*, private: bool) -> AsyncIterator[PostDelivery]:
    """Without redirects, proxies and connections that are kept: the next delivery looks at the address anew."""
    threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="webhook-look-up")
    try:
        async with httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=httpx.create_ssl_context(),
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one receiver's would be sent to another
            headers={"user-agent": "ordercast-webhooks", "accept-encoding": "identity"},
        ) as client:
            yield PostDelivery(client, LookUpByThreads(threads), private=private)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
