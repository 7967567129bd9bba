"""How clients of PostgreSQL are told to speak to it."""

import ssl
from pathlib import Path

import pytest

from ordercast.database_tls import DatabaseSettingsWrong, asyncpg_address, sqlalchemy_address
from ordercast.infra.certificates import make_certificate

URL = "postgresql+asyncpg://shop:a%20secret@db:5432/shop"
CA = {"ORDERCAST_DATABASE_CA": make_certificate(["127.0.0.1"]).ca}
MODE = "ORDERCAST_DATABASE_SSLMODE"


def test_without_settings_the_driver_decides() -> None:
    assert sqlalchemy_address(URL, {}) == (URL, {})
    assert asyncpg_address(URL, {}) == (URL.replace("+asyncpg", ""), {})


@pytest.mark.parametrize("parameter", ["sslmode", "ssl"])
def test_the_mode_in_the_url_goes_before_the_variable_and_reaches_no_driver_in_the_url(parameter: str) -> None:
    assert sqlalchemy_address(f"{URL}?{parameter}=require", {MODE: "disable"}) == (URL, {"ssl": "require"})


def test_other_parameters_stay() -> None:
    assert sqlalchemy_address(f"{URL}?a=1&sslmode=disable&b=2", {}) == (f"{URL}?a=1&b=2", {"ssl": "disable"})


def test_with_root_certificates_the_servers_certificate_and_name_are_checked() -> None:
    context = sqlalchemy_address(URL, CA)[1]["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert len(context.get_ca_certs()) == 1  # and not those of the system


def test_verify_ca_checks_the_certificate_alone() -> None:
    context = sqlalchemy_address(URL, {**CA, MODE: "verify-ca"})[1]["ssl"]
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_REQUIRED)


def test_what_is_no_variable_comes_from_the_folder_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "ordercast_database_sslmode").write_text("require\n")
    assert sqlalchemy_address(URL, {"ORDERCAST_SECRETS_DIR": str(tmp_path)})[1] == {"ssl": "require"}


@pytest.mark.parametrize(
    ("url", "environment", "message"),
    [
        (URL, {MODE: "on"}, "ORDERCAST_DATABASE_SSLMODE has the sslmode 'on'"),
        (f"{URL}?sslmode=full", {}, "the database's URL has the sslmode 'full'"),
        (URL, {"ORDERCAST_DATABASE_CA": "no PEM"}, "ORDERCAST_DATABASE_CA holds no certificates in PEM"),
    ],
)
def test_what_no_client_can_do_is_named_without_a_secret(url: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(DatabaseSettingsWrong) as refused:
        sqlalchemy_address(url, environment)
    assert str(refused.value) == message
    assert "secret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:hidden@db/shop", "postgresql://u:hidden@db:abc/shop", "postgres://[::1/shop"]
)
def test_what_is_no_url_of_postgresql_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseSettingsWrong, match="none of PostgreSQL") as refused:
        sqlalchemy_address(url, {})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_the_schemes_of_other_programs_are_the_same_database(scheme: str) -> None:
    assert sqlalchemy_address(URL.replace("postgresql+asyncpg", scheme), {}) == (URL, {})
