"""One trace from a request to the row, through every process on the way, as a collector sees it."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from ordercast.client import Addresses, Client, open_client
from ordercast.contracts.envelope import Envelope, decode
from ordercast.contracts.topics import ORDERS, VIEWS
from ordercast.infra.local.processes import Program, SystemPlan
from ordercast.infra.local.system import System, running_system
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.system.operator_account import operator_login
from tests.support.collector import DEADLINE_S, POLL_S, Collector, SeenSpan, running_collector
from tests.support.offsets import free_offset

EMAIL, NICKNAME, PASSWORD = "ann@example.com", "ann-of-the-traces", "a password for traces"
SKU, PRODUCT_NAME = "TRACED-SKU", "A traced product"
SERVICES = {"order_api", "relay", "feature_worker", "predictor"}

Step = tuple[str, str, str]
ORDER_STEPS: list[Step] = [
    ("order_api", "SERVER", "POST /orders"),
    ("order_api", "CLIENT", "place order"),
    ("relay", "PRODUCER", "send orders"),
    ("feature_worker", "CONSUMER", "process orders"),
]
VIEW_STEPS: list[Step] = [
    ("order_api", "SERVER", "POST /views"),
    ("order_api", "PRODUCER", "send views"),
    ("feature_worker", "CONSUMER", "process views"),
]


@dataclass(frozen=True, slots=True)
class TracedShop:
    """A running system whose processes export to `collector`, an account in it and a product."""

    system: System
    collector: Collector
    ann: Client
    http: httpx.AsyncClient
    product_id: int

    async def post(self, path: str, body: object, traceparent: str | None = None) -> httpx.Response:
        answer = await self.http.post(path, json=body, headers={"traceparent": traceparent} if traceparent else {})
        assert answer.is_success, answer.text
        return answer

    async def order(self, traceparent: str | None = None) -> str:
        """Places an order; its id."""
        body = {"items": [{"product_id": self.product_id, "quantity": 2}]}
        order_id: str = (await self.post("/orders", body, traceparent)).json()["id"]
        return order_id

    async def trace(self, trace_id: str, steps: Sequence[Step]) -> list[SeenSpan]:
        """The trace once all of its steps have arrived."""
        await self.collector.until(lambda: len(self.collector.trace(trace_id)) >= len(steps))
        return self.collector.trace(trace_id)

    async def event(self, topic: str, event_id: str) -> Envelope:
        """The event as soon as it is in Kafka."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                async for record in read_topic(self.system.info.kafka_address, topic):
                    if (envelope := decode(record.headers, record.value)).id == UUID(event_id):
                        return envelope
                await asyncio.sleep(POLL_S)


def without_trainer(plan: SystemPlan) -> list[Program]:
    return [program for program in plan.services() if program.name in SERVICES]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector that the environment names, for this module's system to inherit."""
    with running_collector() as collector, pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        environment.setenv("ORDERCAST_LOG_FORMAT", "json")
        yield collector


@pytest.fixture(scope="module")
async def shop(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TracedShop]:
    folder, offset = tmp_path_factory.mktemp("traces") / "state", free_offset()
    async with running_system(folder, offset, services=without_trainer) as system:
        addresses = Addresses(*(system.urls[name] for name in ("order_api", "trainer", "predictor")))
        async with open_client(addresses) as anonymous:
            login = await operator_login(system.folder, system.info)
            admin = anonymous.as_account(login)
            product = await admin.order_api.create_product(SKU, PRODUCT_NAME, Decimal("1.50"), "EUR")
            await anonymous.order_api.sign_up(EMAIL, NICKNAME, PASSWORD)
            ann = await anonymous.log_in(EMAIL, PASSWORD)
            async with httpx.AsyncClient(base_url=system.urls["order_api"]) as http:
                answer = await http.post("/auth/token", data={"username": EMAIL, "password": PASSWORD})
                http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                yield TracedShop(system, collector, ann, http, product.id)


def new_traceparent(*, sampled: bool = True) -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{'01' if sampled else '00'}"


def assert_a_line(spans: Sequence[SeenSpan], steps: Sequence[Step], first_parent: str) -> None:
    """Each span is the child of the one before it, and begins after it."""
    assert [(span.service, span.kind, span.name) for span in spans] == steps
    assert [span.parent_id for span in spans] == [first_parent, *(span.span_id for span in spans[:-1])]
    assert all(span.start < span.end and not span.has_failed for span in spans)
    assert [span.start for span in spans] == sorted(span.start for span in spans)


async def test_an_order_continues_its_clients_trace_through_relay_and_worker_to_the_row(shop: TracedShop) -> None:
    traceparent = new_traceparent()
    order_id = await shop.order(traceparent)
    spans = await shop.trace(traceparent[3:35], ORDER_STEPS)
    assert_a_line(spans, ORDER_STEPS, first_parent=traceparent[36:52])
    # The row is there when the last span is.
    account_id = (await shop.ann.order_api.me()).id
    assert (await shop.ann.predictor.features(account_id, shop.product_id)).total_quantity >= 2
    # And whoever else reads the topic finds the same trace at the event.
    event = await shop.event(ORDERS.name, order_id)
    assert event.traceparent is not None
    assert event.traceparent.split("-")[1:3] == [spans[2].trace_id, spans[2].span_id]


async def test_without_a_clients_trace_each_order_has_a_new_one_that_is_found_by_its_event(shop: TracedShop) -> None:
    orders = [await shop.order(), await shop.order()]
    events = [await shop.event(ORDERS.name, order_id) for order_id in orders]
    traces = [event.traceparent.split("-")[1] for event in events if event.traceparent]
    assert len(set(traces)) == len(orders)
    for trace_id in traces:
        assert_a_line(await shop.trace(trace_id, ORDER_STEPS), ORDER_STEPS, first_parent="")


async def test_orders_that_share_a_transaction_and_a_batch_keep_a_readable_trace_each(shop: TracedShop) -> None:
    traceparents = [new_traceparent() for _ in range(30)]
    await asyncio.gather(*(shop.order(traceparent) for traceparent in traceparents))
    traces = [await shop.trace(traceparent[3:35], ORDER_STEPS) for traceparent in traceparents]
    for traceparent, spans in zip(traceparents, traces, strict=True):
        assert_a_line(spans, ORDER_STEPS, first_parent=traceparent[36:52])
    assert max(int(spans[1].attributes["ordercast.batch.orders"]) for spans in traces) > 1


async def test_a_client_that_does_not_sample_is_followed_in_the_events_and_recorded_nowhere(shop: TracedShop) -> None:
    traceparent, later = new_traceparent(sampled=False), new_traceparent()
    event = await shop.event(ORDERS.name, await shop.order(traceparent))
    assert event.traceparent is not None
    assert event.traceparent.split("-")[1] == traceparent[3:35]
    assert event.traceparent[-2:] == "00"
    await shop.order(later)
    await shop.trace(later[3:35], ORDER_STEPS)  # the same account: what was to come of the first one is there by now
    assert shop.collector.trace(traceparent[3:35]) == []


async def test_a_view_is_traced_to_the_row(shop: TracedShop) -> None:
    traceparent = new_traceparent()
    answer = await shop.post("/views", {"product_id": shop.product_id}, traceparent)
    spans = await shop.trace(traceparent[3:35], VIEW_STEPS)
    assert_a_line(spans, VIEW_STEPS, first_parent=traceparent[36:52])
    event = await shop.event(VIEWS.name, answer.json()["event_id"])
    assert event.traceparent is not None
    assert event.traceparent.split("-")[2] == spans[1].span_id


async def test_views_of_one_request_share_their_spans(shop: TracedShop) -> None:
    traceparent = new_traceparent()
    lines = "".join(json.dumps({"product_id": shop.product_id, "count": count}) + "\n" for count in (1, 2, 3))
    answer = await shop.http.post("/views/batch", content=lines, headers={"traceparent": traceparent})
    assert answer.is_success, answer.text
    spans = await shop.trace(traceparent[3:35], VIEW_STEPS)
    assert [span.name for span in spans] == ["POST /views/batch", "send views", "process views"]
    assert [span.attributes.get("messaging.batch.message_count") for span in spans] == [None, 3, 3]


async def test_no_span_tells_of_a_person_a_product_or_a_secret(shop: TracedShop) -> None:
    traceparent = new_traceparent()
    order_id = await shop.order(traceparent)
    await shop.http.get(f"/products/{shop.product_id}?ref={EMAIL}", headers={"traceparent": traceparent})
    await shop.collector.until(lambda: len(shop.collector.trace(traceparent[3:35])) > len(ORDER_STEPS))
    told = json.dumps(
        [[span.name, dict(span.attributes), span.events, dict(span.resource)] for span in shop.collector.spans]
    )
    secrets_of_ann = [
        EMAIL,
        NICKNAME,
        SKU,
        PRODUCT_NAME,
        PASSWORD,
        order_id,
        str(shop.http.headers["Authorization"])[7:],
    ]
    assert [word for word in secrets_of_ann if word in told] == []
    names = {name for span in shop.collector.spans for name in span.attributes}
    assert names == {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.scheme",
        "db.system.name",
        "db.operation.name",
        "ordercast.batch.orders",
        "messaging.system",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.destination.name",
        "messaging.destination.partition.id",
        "messaging.batch.message_count",
    }
    assert not [span for span in shop.collector.spans if span.attributes.get("http.route") in ("/healthz", "/readyz")]


async def test_a_refused_event_is_logged_with_its_trace_by_the_worker(shop: TracedShop) -> None:
    traceparent = new_traceparent()
    headers = [("ce_specversion", b"1.0"), ("ce_type", b"made.up"), ("ce_traceparent", traceparent.encode())]
    async with open_publisher(shop.system.info.kafka_address, client_id="test") as publisher:
        await publisher.publish(VIEWS.name, 0, [Record(b"1", b"{}", headers, 0)])
    spans = await shop.trace(traceparent[3:35], VIEW_STEPS[-1:])
    log = (shop.system.folder.logs / "feature_worker.log").read_text().splitlines()
    [line] = [line for line in map(json.loads, log) if line["event"] == "record refused"]
    assert line["trace_id"] == spans[0].trace_id
