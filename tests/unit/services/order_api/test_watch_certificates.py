"""The metric of certificates, by servers that show one and say no more."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ordercast import server_certificates
from ordercast.infra.certificates import make_certificate
from ordercast.server_certificates import checked_certificates
from ordercast.services.order_api.orders.watch_certificates import INTERVAL_S, RETRY_S, measure_certificates
from ordercast.services.shared.telemetry.metrics import CERTIFICATE_END
from tests.support.shown_certificates import HOST, showing, trusting

DAY_S = 86_400


def days_left(server: str) -> float:
    [metric] = CERTIFICATE_END.collect()
    [end] = [sample.value for sample in metric.samples if sample.labels == {"server": server}]
    return (end - time.time()) / DAY_S


async def test_it_is_the_end_that_each_server_shows_and_stays_while_none_can_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate([HOST], timedelta(days=29))
    trusting(made, monkeypatch)
    (tmp_path / "kafka").mkdir()
    async with (
        showing(made, tmp_path, asked_first=True) as postgres,
        showing(made, tmp_path / "kafka", asked_first=False) as kafka,
    ):
        servers = checked_certificates(f"postgresql+asyncpg://ordercast:secret@{postgres}/ordercast", kafka)
        assert await measure_certificates(servers) == INTERVAL_S
    for server in ("PostgreSQL", "Kafka"):
        assert days_left(server) == pytest.approx(29, abs=0.1)
    assert await measure_certificates(servers) == RETRY_S  # both are away
    assert days_left("Kafka") == pytest.approx(29, abs=0.1)


def test_servers_whose_certificates_are_not_checked_are_not_asked() -> None:
    database = "postgresql+asyncpg://ordercast:secret@127.0.0.1:1/ordercast"
    assert checked_certificates(database, "user:word@127.0.0.1:1") == {}


async def test_of_several_brokers_one_that_is_away_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate([HOST], timedelta(days=17))
    trusting(made, monkeypatch)
    async with showing(made, tmp_path, asked_first=False) as kafka:
        await measure_certificates(checked_certificates(None, f"{HOST}:1,{kafka}"))
    assert days_left("Kafka") == pytest.approx(17, abs=0.1)


async def test_of_several_brokers_one_whose_certificate_is_refused_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate([HOST], timedelta(days=17))
    trusting(made, monkeypatch)
    (tmp_path / "other").mkdir()
    async with (
        showing(made, tmp_path, asked_first=False) as good,
        showing(make_certificate([HOST]), tmp_path / "other", asked_first=False) as refused,
    ):
        with pytest.raises(ssl.SSLError):
            await checked_certificates(None, f"{good},{refused}")["Kafka"]()


@pytest.mark.parametrize(
    ("bootstrap", "brokers"),
    [
        ("kafka", [("kafka", 9092)]),
        (" kafka-1:9093 , kafka-2", [("kafka-1", 9093), ("kafka-2", 9092)]),
        ("[::1]:9093,[::2]", [("::1", 9093), ("::2", 9092)]),
    ],
)
async def test_brokers_are_read_as_the_client_reads_them(
    bootstrap: str, brokers: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    async def end(host: str, port: int, tls: ssl.SSLContext) -> datetime:
        asked.append((host, port))
        return datetime.now(UTC)

    monkeypatch.setattr(server_certificates, "kafka_certificate_end", end)
    trusting(make_certificate([HOST]), monkeypatch)
    await checked_certificates(None, bootstrap)["Kafka"]()
    assert asked == brokers
