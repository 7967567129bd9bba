"""Which images containers are made of."""

import importlib.metadata

import pytest
from dotenv import dotenv_values

from ordercast.stacks.images import DEFAULTS, Image, server_image, service_image


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORDERCAST_KAFKA_IMAGE", "ORDERCAST_POSTGRES_IMAGE", "ORDERCAST_IMAGES", "ORDERCAST_VERSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("setting", ["ORDERCAST_KAFKA_IMAGE", "ORDERCAST_POSTGRES_IMAGE"])
def test_a_servers_image_is_pinned_unless_the_environment_names_another_one(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = dotenv_values(DEFAULTS)[setting]
    assert pinned
    assert ":" in pinned
    assert server_image(setting) == Image(pinned, setting)
    monkeypatch.setenv(setting, "another/image:1")
    assert server_image(setting).name == "another/image:1"


def test_the_services_images_have_the_version_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service_image("order-api").name == f"ordercast/order-api:{importlib.metadata.version('ordercast')}"
    monkeypatch.setenv("ORDERCAST_IMAGES", "shop.example/ordercast")
    monkeypatch.setenv("ORDERCAST_VERSION", "9.9")
    assert service_image("order-api").name == "shop.example/ordercast/order-api:9.9"
