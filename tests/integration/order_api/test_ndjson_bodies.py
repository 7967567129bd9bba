"""How the bodies of both NDJSON endpoints may come in; nothing here needs a broker, because each line is refused."""

import gzip

import pytest

from ordercast.services.order_api.views.routes import MAX_VIEW_BATCH_BYTES
from tests.support.order_api import Member, RunningApi

both = pytest.mark.parametrize("path", ["/orders/import", "/views/batch"])
LINES = ['{"sku": "ä"}', '{"sku": "ö"}']


@pytest.fixture(scope="module")
async def admin(shared_api: RunningApi) -> Member:
    return await shared_api.admin()


async def _send(api: RunningApi, admin: Member, path: str, body: bytes, **headers: str) -> tuple[int, str, list[int]]:
    """Status, type of the problem and the numbers of the refused lines."""
    answer = await api.client.post(path, content=body, headers=admin.headers | headers)
    lines = [refused["line"] for refused in answer.json().get("refused", [])]
    return answer.status_code, answer.json().get("type", ""), lines


@both
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("\n".join(LINES).encode(), {}),
        ("\r\n".join(LINES).encode("utf-8-sig"), {}),
        (gzip.compress("\n".join(LINES).encode()), {"Content-Encoding": "gzip"}),
    ],
    ids=["without a last newline", "byte order mark and CRLF", "gzip"],
)
async def test_each_line_is_read(
    shared_api: RunningApi, admin: Member, path: str, body: bytes, headers: dict[str, str]
) -> None:
    _, kind, lines = await _send(shared_api, admin, path, body, **headers)
    assert (kind, lines) == ("", [1, 2])


@both
@pytest.mark.parametrize(
    ("body", "headers", "status", "kind"),
    [
        ("\n".join(LINES * 1_000).encode("utf-16"), {}, 422, "not-ndjson"),
        ("sku;count\nä;1\n".encode() * 1_000, {}, 422, "not-ndjson"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unsupported-encoding"),
        (b"{}", {"Content-Encoding": "gzip"}, 422, "not-ndjson"),
    ],
    ids=["UTF-16", "CSV", "another encoding", "not gzip"],
)
async def test_what_cannot_be_read_is_refused_once(
    shared_api: RunningApi, admin: Member, path: str, body: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    assert await _send(shared_api, admin, path, body, **headers) == (status, f"/problems/{kind}", [])


async def test_a_batch_of_views_may_not_be_longer_than_the_limit_once_it_is_unpacked(
    shared_api: RunningApi, admin: Member
) -> None:
    body = gzip.compress(b" " * (MAX_VIEW_BATCH_BYTES + 1))
    answer = await _send(shared_api, admin, "/views/batch", body, **{"Content-Encoding": "gzip"})
    assert answer == (413, "/problems/content-too-large", [])
