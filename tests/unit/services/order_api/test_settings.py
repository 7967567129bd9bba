from pathlib import Path

import pytest

from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.settings import read_settings

GOOD = {
    "ORDERCAST_DATABASE_URL": "postgresql+asyncpg://shop:hunter2@db/shop",
    "ORDERCAST_KAFKA_BOOTSTRAP": "kafka:9092",
    "ORDERCAST_TOKEN_PRIVATE_KEY_FILE": "/keys/private.pem",
    "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": "/keys/public.pem",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_settings_come_from_the_environment() -> None:
    settings = read_settings(OrderApiSettings)
    assert settings.token_private_key_file == Path("/keys/private.pem")
    assert (settings.port, settings.partitions) == (8000, 8)


def test_each_process_allows_its_part_of_a_limit_and_never_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(OrderApiSettings).part_of_limit(10) == 10
    monkeypatch.setenv("ORDERCAST_RATE_LIMIT_PROCESSES", "3")
    settings = read_settings(OrderApiSettings)
    assert (settings.part_of_limit(10), settings.part_of_limit(2), settings.part_of_limit(10, least=5)) == (3, 1, 5)


def test_missing_and_wrong_variables_are_named_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERCAST_KAFKA_BOOTSTRAP")
    monkeypatch.setenv("ORDERCAST_PORT", "hunter2")
    with pytest.raises(CannotStart) as refusal:
        read_settings(OrderApiSettings)
    assert "ORDERCAST_KAFKA_BOOTSTRAP: Field required" in str(refusal.value)
    assert "ORDERCAST_PORT: " in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
