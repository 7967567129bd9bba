"""Several processes of a kind on one host have names of their own: leases and group memberships hang on them."""

import os
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.order_api.settings import RelaySettings
from ordercast.services.trainer.settings import TrainerSettings

NAMED: list[tuple[type[BaseSettings], str]] = [
    (RelaySettings, "relay_id"),
    (FeatureWorkerSettings, "worker_id"),
    (TrainerSettings, "trainer_id"),
]
SERVERS: dict[str, Any] = {"database_url": "postgresql+asyncpg://host/db", "kafka_bootstrap": "host:9092"}
FILES: dict[str, Any] = {"artifacts_dir": "artifacts", "token_public_key_file": "public.pem"}


def name_of(settings: type[BaseSettings], field: str, **others: Any) -> str:
    values = SERVERS | (FILES if settings is TrainerSettings else {}) | others
    name: str = getattr(settings(**values), field)
    return name


@pytest.mark.parametrize(("settings", "field"), NAMED)
def test_two_on_one_host_differ_and_keep_their_names(settings: type[BaseSettings], field: str) -> None:
    first, again, second = (name_of(settings, field, port=port) for port in (8003, 8003, 9003))
    assert first == again != second
    assert str(os.getpid()) in name_of(settings, field, port=0)


@pytest.mark.parametrize(("settings", "field"), NAMED)
def test_a_name_that_is_given_counts(settings: type[BaseSettings], field: str) -> None:
    assert name_of(settings, field, **{field: "mine"}) == "mine"
