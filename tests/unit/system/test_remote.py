"""What a command makes of an address and of the environment."""

from pathlib import Path

import pytest

from ordercast.errors import ActionableError
from ordercast.system.remote import RemoteSystem, remote_system
from ordercast.system.target import NotGiven

VARIABLES = (
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
    "SAMPLE_PASSWORD",
    "DATABASE_URL",
    "KAFKA_BOOTSTRAP",
    "CONSOLE_URL",
    "SECRETS_DIR",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"ORDERCAST_{name}", raising=False)


@pytest.mark.parametrize(
    ("order_api", "trainer", "predictor"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001", "http://127.0.0.1:8002"),
        ("http://shop:18000/", "http://shop:18001", "http://shop:18002"),
        ("http://[::1]:8000", "http://[::1]:8001", "http://[::1]:8002"),
        # A gateway in front of all: it tells them apart by path.
        ("https://shop.example", "https://shop.example", "https://shop.example"),
    ],
)
def test_trainer_and_predictor_are_looked_for_beside_order_api(order_api: str, trainer: str, predictor: str) -> None:
    system = remote_system(order_api)
    assert (system.addresses.trainer, system.addresses.predictor) == (trainer, predictor)
    assert system.addresses.order_api == order_api.rstrip("/")
    assert system.guessed == {"trainer", "predictor", "console"}


def test_services_that_are_named_are_not_guessed() -> None:
    system = remote_system("http://a:8000", trainer="http://b:1/", predictor="http://c:2")
    assert (system.addresses.trainer, system.addresses.predictor) == ("http://b:1", "http://c:2")
    assert system.guessed == {"console"}


@pytest.mark.parametrize(
    ("order_api", "named", "console"),
    [
        ("http://shop:8000", None, "http://shop:8005"),
        ("http://shop:8000", "https://console.example/", "https://console.example"),
        # order_api itself would answer there.
        ("https://shop.example", None, None),
    ],
)
def test_a_console_is_where_it_is_named_or_beside_order_api(
    monkeypatch: pytest.MonkeyPatch, order_api: str, named: str | None, console: str | None
) -> None:
    if named:
        monkeypatch.setenv("ORDERCAST_CONSOLE_URL", named)
    system = remote_system(order_api)
    assert system.console == console
    assert ("console" in system.guessed) == (named is None)


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1:8000", "ftp://shop", "http://", "http://shop:port", "http://shop:99999", "http://a:b@shop", ""),
        *("http://ü..é", "http://shop\x00"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ActionableError, match="is no address of a service"):
        remote_system(text)


def test_a_missing_folder_of_secrets_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ActionableError, match="ORDERCAST_SECRETS_DIR"):
        remote_system("http://shop:8000")


@pytest.mark.parametrize("part", ["database_url", "kafka_bootstrap"])
def test_what_was_not_given_is_named_with_its_variable(part: str) -> None:
    with pytest.raises(NotGiven) as refusal:
        getattr(remote_system("http://shop:8000"), part)
    assert f"ORDERCAST_{part.upper()}" in refusal.value.hint


def with_password(monkeypatch: pytest.MonkeyPatch, password: str) -> RemoteSystem:
    monkeypatch.setenv("ORDERCAST_ADMIN_PASSWORD", password)
    return remote_system("http://shop:8000")


def test_sample_accounts_have_the_same_password_each_time_and_it_is_not_the_admins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = with_password(monkeypatch, "correct horse").sample_password()
    assert first == with_password(monkeypatch, "correct horse").sample_password()
    assert first != with_password(monkeypatch, "battery staple").sample_password()
    assert "correct horse" not in first
    monkeypatch.setenv("ORDERCAST_SAMPLE_PASSWORD", "given")
    assert remote_system("http://shop:8000").sample_password() == "given"


def test_no_password_shows_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "correct horse" not in repr(with_password(monkeypatch, "correct horse"))
