"""A whole system at work, scraped by a real Prometheus: every panel shows something, every rule is evaluated, trouble is seen.

The tests of this module use one system and stand in an order: the last one brings it to a stop.
"""

import asyncio
import math
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest

from ordercast.cli.status import system_status
from ordercast.client import Addresses, Client, open_client
from ordercast.client.errors import ProblemAnswer
from ordercast.client.training_answers import FINISHED
from ordercast.contracts.envelope import SequenceNumber, sequence_headers
from ordercast.contracts.topics import ORDERS, VIEWS, partition_of
from ordercast.infra.kafka.rights import ADMIN
from ordercast.infra.local.system import System, running_system
from ordercast.infra.observability.dashboards import SERVICES
from ordercast.sample.make_sample import make_sample
from ordercast.sample.post_sample import PostedSample, post_sample
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.topics import create_topics
from ordercast.system.operator_account import operator_login
from ordercast.system.service_program import run_program
from tests.support.alter_topic import alter_topic
from tests.support.attacks import endless, send_until_closed
from tests.support.dashboards import PanelQuery, queries
from tests.support.event_streams import View, record_of
from tests.support.offsets import free_offset
from tests.support.oracle_database import connected
from tests.support.prometheus import Prometheus, installed
from tests.unit.infra.observability.test_alerts import NAMES
from tests.unit.infra.observability.test_metrics import ALLOWED_LABELS

# With a system to start and a model to train.
pytestmark = pytest.mark.timeout(600)

SCRAPE_EVERY_S: Final = 1.0
# In place of $__rate_interval: what was done in this time is in the rates.
RATE_INTERVAL: Final = "10m"
# Panels that show 0 as long as all is healthy, and have to show more in the tests of trouble.
SHOWS_OUTBOX_TROUBLE: Final = {"Outbox backlog", "Age of the oldest event in the outbox"}
SHOWS_REFUSAL_BY_KAFKA: Final = {"Events that Kafka refused"}
SHOWS_ATTACKS: Final = {"Connections refused in the last hour"}
SHOWS_WORKER_TROUBLE: Final = {
    "Lag in events",
    "Lag in seconds",
    "Dead letters in the last hour",
    "Alarms in the last hour",
    "Alerts that fire",
}
# Panels of webhooks, which show 0 as long as all is healthy; tests/integration/order_api/test_webhooks.py, test_webhook_makers.py
# and tests/unit/services/order_api/webhooks/test_keep_going.py look at their metrics in trouble.
OF_WEBHOOKS: Final = {"Webhooks that pause", "Webhooks' failures on this side"}
# Panels of a served version of demand, and of rules that train it again, which this system has none of:
# tests/integration/predictor/test_live_accuracy.py, tests/unit/services/predictor/test_sample_predictions.py and
# tests/integration/trainer/jobs/test_retrain.py look at their metrics. Nor has it certificates, as
# tests/unit/services/order_api/test_watch_certificates.py has.
OF_DEMAND: Final = {
    "Deviance against what was ordered",
    "Intervals that held",
    "Drift of features",
    "Kept predictions",
    "Sampled predictions",
    "Trainings by rule",
    "Time left to certificates",
}
# Of a record: what stands in for a refused order has some 700, an order of so many lines some 15,000.
BYTES_OF_A_SMALL_ORDER: Final = 4_000
LINES_OF_A_LARGE_ORDER: Final = 200
# Until all is scraped, also on a busy machine.
DEADLINE_S: Final = 120.0
PARTITIONS: Final = 4
# Labels that Prometheus adds, those of histograms, and those of the model that is served.
OTHER_LABELS: Final = {"__name__", "job", "instance", "le", "version", "recipe"}


@dataclass(frozen=True)
class Watched:
    """A system with data in it, its operator's client, and the Prometheus that watches it."""

    system: System
    admin: Client
    posted: PostedSample
    prometheus: Prometheus

    async def work(self) -> None:
        """A bit of everything that is done all day."""
        account, product = self.posted.account_ids[0], self.posted.product_ids[0]
        await self.admin.order_api.place_order([(product, 2)])
        await self.admin.order_api.add_view(product, 3)
        await self.admin.predictor.predict_views([1_000])
        await self.admin.predictor.predict(account, product)
        await asyncio.to_thread(send_until_closed, port_of(self.system.urls["order_api"]), [b"no request"])

    async def until(self, expr: str) -> list[dict[str, Any]]:
        """Waits until the expression has an answer; that answer."""
        async with asyncio.timeout(DEADLINE_S):
            while not (found := await self.prometheus.query(expr)):
                await asyncio.sleep(SCRAPE_EVERY_S / 2)
        return found

    async def until_shown(self, waiting: Iterable[PanelQuery], *, more_than_0: bool) -> None:
        """Waits until each query has a number for an answer."""
        left = list(waiting)
        assert left
        try:
            async with asyncio.timeout(DEADLINE_S):
                while left := [query for query in left if not await self._shows(query, more_than_0=more_than_0)]:
                    await asyncio.sleep(SCRAPE_EVERY_S / 2)
        except TimeoutError:
            pytest.fail("these show nothing:\n" + "\n".join(map(str, left)))

    async def _shows(self, query: PanelQuery, *, more_than_0: bool) -> bool:
        values = [float(sample["value"][1]) for sample in await self.prometheus.query(query.expr)]
        return any(math.isfinite(value) and (value > 0 or not more_than_0) for value in values)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    installed("prometheus")
    async with running_system(
        tmp_path_factory.mktemp("watched") / "state",
        free_offset(),
        partitions=PARTITIONS,
        scrape_every_s=SCRAPE_EVERY_S,
    ) as system:
        urls = system.urls
        async with (
            open_client(Addresses(urls["order_api"], urls["trainer"], urls["predictor"])) as anonymous,
            httpx.AsyncClient(base_url=urls["prometheus"], trust_env=False) as http,
        ):
            login = await operator_login(system.folder, system.info)
            admin = anonymous.as_account(login)
            posted = await post_sample(
                anonymous, admin, make_sample("uniform", seed=1, orders=60), password="correct horse battery"
            )
            watched = Watched(system, admin, posted, Prometheus(http))
            with pytest.raises(ProblemAnswer, match="No model"):  # a 503: shown as an error of the predictor
                await admin.predictor.predict_views([1_000])
            await _has_features(watched)
            await _train(watched)
            yield watched


async def _has_features(watched: Watched) -> None:
    await watched.until("sum(ordercast_worker_events_total) > 0 and sum(ordercast_worker_lag_events) == 0")


async def _train(watched: Watched) -> None:
    """A training of some seconds, until its model is served."""
    training = await watched.admin.trainer.start("baseline", members=2, epochs=400, seed=1)
    while (training := await watched.admin.trainer.get(training.id)).status not in FINISHED:
        await asyncio.sleep(0.1)
    assert training.status == "succeeded", training.error
    [progress] = await watched.until("max_over_time(ordercast_training_progress_ratio[10m]) > 0")
    assert float(progress["value"][1]) <= 1
    await watched.until(f'ordercast_model_served_info{{version="{training.model_version}"}}')


async def test_prometheus_is_one_of_the_system_and_reaches_every_service(watched: Watched) -> None:
    status = await system_status(watched.system.info)
    assert {process.name: process.healthy for process in status.processes}["prometheus"]
    assert status.all_healthy
    up = await watched.until(f'count(up{{job=~"{SERVICES}"}} == 1) == 6')
    assert len(up) == 1


async def test_every_query_of_every_dashboard_shows_something(watched: Watched) -> None:
    every_query = list(queries(RATE_INTERVAL))
    assert {query.panel for query in every_query} >= OF_DEMAND | OF_WEBHOOKS
    all_queries = [query for query in every_query if query.panel not in OF_DEMAND]
    assert len(all_queries) > 30
    trouble = SHOWS_OUTBOX_TROUBLE | SHOWS_REFUSAL_BY_KAFKA | SHOWS_ATTACKS | SHOWS_WORKER_TROUBLE | OF_WEBHOOKS
    quiet = [query for query in all_queries if query.panel in trouble]
    await watched.work()
    training = await watched.admin.trainer.start("baseline", epochs=10_000)  # its progress is on a panel
    await watched.until_shown(quiet, more_than_0=False)
    await watched.until_shown((query for query in all_queries if query not in quiet), more_than_0=True)
    await watched.admin.trainer.cancel(training.id)


async def test_what_was_done_is_what_is_counted(watched: Watched) -> None:
    orders = await watched.prometheus.query("sum(ordercast_orders_accepted_total)")
    published = await watched.until(
        "sum(ordercast_outbox_published_total) == sum(ordercast_orders_accepted_total) > 60"
    )
    assert float(orders[0]["value"][1]) <= float(published[0]["value"][1])
    [views] = await watched.prometheus.query("sum(ordercast_views_accepted_total)")
    assert float(views["value"][1]) >= watched.posted.views
    [trained] = await watched.prometheus.query('sum(ordercast_trainings_total{status="succeeded"})')
    assert float(trained["value"][1]) == 1


async def test_a_head_without_end_is_refused_by_every_service_and_counted(watched: Watched) -> None:
    for service, url in watched.system.urls.items():
        if service != "prometheus":
            attack = endless(b"GET / HTTP/1.1\r\nHost: us\r\nname: ", b"a" * 16_384, 64 * 1_048_576)
            heard = await asyncio.to_thread(send_until_closed, port_of(url), attack)
            assert (service, heard.statuses) == (service, [431])
    await watched.until('count(sum by (job) (ordercast_http_refused_total{reason="headers-too-large"}) > 0) == 6')


async def test_no_label_of_ours_names_an_account_or_a_product(watched: Watched) -> None:
    labels = await watched.prometheus.label_names()
    assert labels - OTHER_LABELS <= ALLOWED_LABELS
    assert {"route", "topic", "version"} <= labels


async def test_every_alert_rule_is_evaluated_without_an_error_and_none_fires_in_a_system_that_is_well(
    watched: Watched,
) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while any(rule["health"] == "unknown" for rule in await watched.prometheus.rules()):
            await asyncio.sleep(SCRAPE_EVERY_S / 2)
    rules = await watched.prometheus.rules()
    assert sorted(rule["name"] for rule in rules) == sorted(NAMES)
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    # Once the time of the start, in which nobody answered, is over.
    await watched.until('absent(ALERTS{alertstate="firing"})')


async def test_while_the_broker_is_held_up_the_outbox_shows_its_backlog(watched: Watched) -> None:
    watched.system.signal("kafka", signal.SIGSTOP)
    try:
        await watched.admin.order_api.place_order([(watched.posted.product_ids[0], 1)])
        await watched.admin.order_api.change_product(watched.posted.product_ids[0], name="Held up")
        of_the_outbox = (query for query in queries(RATE_INTERVAL) if query.panel in SHOWS_OUTBOX_TROUBLE)
        await watched.until_shown(of_the_outbox, more_than_0=True)
    finally:
        watched.system.signal("kafka", signal.SIGCONT)
    await watched.until("max(ordercast_outbox_backlog_events) == 0")


async def test_an_order_that_kafka_refuses_is_shown_and_rings_until_it_is_published_again(watched: Watched) -> None:
    info, admin = watched.system.info, watched.system.plan.kafka.address(ADMIN)
    await alter_topic(admin, ORDERS.name, {"max.message.bytes": str(BYTES_OF_A_SMALL_ORDER)})
    try:
        await watched.admin.order_api.place_order([(watched.posted.product_ids[0], 1)] * LINES_OF_A_LARGE_ORDER)
        refused = (query for query in queries(RATE_INTERVAL) if query.panel in SHOWS_REFUSAL_BY_KAFKA)
        await watched.until_shown(refused, more_than_0=True)
        await watched.until('ALERTS{alertname="OutboxDeadLetters", alertstate="firing"}')
    finally:
        await create_topics(admin, PARTITIONS)
    async for _ in run_program("order_api", info.database_url, "outbox-retry"):
        pass
    await watched.until("max(ordercast_outbox_dead_letters_events) == 0")
    await watched.until("max(ordercast_outbox_backlog_events) == 0")


async def test_an_event_that_is_refused_is_seen_with_its_class_and_rings(watched: Watched) -> None:
    account = watched.posted.account_ids[0]
    async with open_publisher(watched.system.info.kafka_address, client_id="test") as publisher:
        await publisher.publish(VIEWS.name, partition_of(account, PARTITIONS), [Record(b"", b"no event", [], 0)])
    [alert] = await watched.until('ALERTS{alertname="DeadLetters", alertstate="firing"}')
    assert (alert["metric"]["topic"], alert["metric"]["reason"]) == ("views", "MalformedEvent")
    [shown] = await watched.prometheus.query("sum(ordercast_worker_dead_letters_total)")
    assert float(shown["value"][1]) == 1


async def test_what_a_stranger_writes_rings_and_the_worker_goes_on(watched: Watched) -> None:
    """A gap in numbers, a number that the outbox has not given, and junk."""
    account, product = watched.posted.account_ids[0], watched.posted.product_ids[0]
    partition = partition_of(account, PARTITIONS)
    gap = [record_of(View(account, product, datetime.now(UTC)), SequenceNumber("viewer", n)) for n in (1, 3, 4)]
    junk = Record(b"", b"no event", [], 0)
    forged = replace(junk, headers=sequence_headers(SequenceNumber("outbox", 1_000_000)))
    async with open_publisher(watched.system.info.kafka_address, client_id="test") as publisher:
        await publisher.publish(VIEWS.name, partition, [*gap[:2], *[junk] * 101])
        await publisher.publish(ORDERS.name, partition, [forged])
        for name in ("GapInNumbers", "NumbersAboveOutbox", "TooManyDeadLetters"):
            await watched.until(f'ALERTS{{alertname="{name}", alertstate="firing"}}')
        async with httpx.AsyncClient(base_url=watched.system.urls["feature_worker"], trust_env=False) as worker:
            ready = await worker.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert "the number 1000000 was seen" in ready.json()["checks"]["numbers"]
        assert f"views/{partition} viewer: numbers are missing from 2 on" in ready.json()["checks"]["numbers"]
        of_the_worker = [query for query in queries(RATE_INTERVAL) if query.panel in SHOWS_WORKER_TROUBLE]
        shows_lag = [query for query in of_the_worker if query.panel.startswith("Lag")]
        await watched.until_shown((q for q in of_the_worker if q not in shows_lag), more_than_0=True)
        async with connected(watched.system.info.database_url) as connection, connection.transaction():
            await connection.execute("LOCK TABLE feature_positions IN ACCESS EXCLUSIVE MODE")
            await publisher.publish(VIEWS.name, partition, gap[2:])
            await watched.until_shown(shows_lag, more_than_0=True)
