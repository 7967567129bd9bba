"""The metric of certificates, by servers that show one and say no more."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from ordercast.infra.certificates import make_certificate
from ordercast.server_certificates import checked_certificates
from ordercast.services.order_api.orders.watch_certificates import measure_certificates
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
        await measure_certificates(servers)
    for server in ("PostgreSQL", "Kafka"):
        assert days_left(server) == pytest.approx(29, abs=0.1)
    await measure_certificates(servers)  # both are away
    assert days_left("Kafka") == pytest.approx(29, abs=0.1)


def test_servers_whose_certificates_are_not_checked_are_not_asked() -> None:
    database = "postgresql+asyncpg://ordercast:secret@127.0.0.1:1/ordercast"
    assert checked_certificates(database, "user:word@127.0.0.1:1") == {}
