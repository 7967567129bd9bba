"""PostgreSQL or Kafka not there at start, or gone in between: the API lives, says what is missing, and comes back."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from tests.support.order_api import Member, RunningApi, TokenKeys, running_order_api
from tests.support.tcp_gate import TcpGate, tcp_gate


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[TcpGate]:
    url = make_url(database_url)
    async with tcp_gate(url.host or "127.0.0.1", url.port or 5432) as gate:
        await gate.open()
        yield gate


@pytest.fixture
async def api(database_url: str, gate: TcpGate, token_keys: TokenKeys) -> AsyncIterator[RunningApi]:
    url = make_url(database_url).set(host="127.0.0.1", port=gate.port).render_as_string(hide_password=False)
    async with running_order_api(url, token_keys) as running:
        yield running


async def place_order(api: RunningApi, customer: Member, product_id: int) -> httpx.Response:
    body = {"items": [{"product_id": product_id, "quantity": 1}]}
    return await api.client.post("/orders", json=body, headers=customer.headers)


async def test_without_a_database_it_starts_lives_and_says_what_is_missing(
    database_url: str, gate: TcpGate, token_keys: TokenKeys
) -> None:
    await gate.shut()
    url = make_url(database_url).set(host="127.0.0.1", port=gate.port).render_as_string(hide_password=False)
    async with running_order_api(url, token_keys) as api:
        assert (await api.client.get("/healthz")).status_code == 200
        missing = await api.client.get("/readyz")
        assert missing.status_code == 503
        assert "database" in missing.json()["detail"]

        await gate.open()

        assert (await api.client.get("/readyz")).json()["checks"]["database"] == "ok"


async def test_while_the_database_is_away_requests_get_503_and_afterwards_they_work(
    api: RunningApi, gate: TcpGate
) -> None:
    admin, customer = await api.admin(), await api.customer()
    product = await api.product(admin)
    assert (await place_order(api, customer, product["id"])).status_code == 201

    await gate.shut()
    with capture_logs() as logs:
        answers = [
            await place_order(api, customer, product["id"]),
            await api.client.get("/products"),
            await api.client.get("/orders", headers=customer.headers),
            await api.client.post("/auth/token", data={"username": customer.email, "password": "x" * 8}),
        ]

    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "1"
        assert "127.0.0.1" not in answer.text
    assert {line["log_level"] for line in logs} == {"warning"}
    assert not any("exc_info" in line for line in logs)

    await gate.open()
    assert (await place_order(api, customer, product["id"])).status_code == 201
    assert (await api.client.get("/products")).json()["data"] == [product]


async def test_without_kafka_orders_are_taken_and_views_get_503(api: RunningApi) -> None:
    admin, customer = await api.admin(), await api.customer()
    product = await api.product(admin)

    order = await place_order(api, customer, product["id"])
    view = await api.client.post("/views", json={"product_id": product["id"]}, headers=customer.headers)

    assert order.status_code == 201
    assert view.status_code == 503
    assert view.json()["type"] == "/problems/kafka-unavailable"
    assert "retry-after" in view.headers


async def test_without_kafka_it_stays_ready_for_orders_and_says_that_views_are_missing(api: RunningApi) -> None:
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["kafka"] != "ok"
