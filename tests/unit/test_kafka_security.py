"""How clients of Kafka are told to speak to it."""

from pathlib import Path

import pytest

from ordercast.kafka_security import KafkaSettingsWrong, brokers_of, client_arguments, client_security

SASL = {
    "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "ORDERCAST_KAFKA_USERNAME": "worker",
    "ORDERCAST_KAFKA_PASSWORD": "a secret",
}


def test_without_variables_it_is_plain() -> None:
    assert client_security({}) == {"security_protocol": "PLAINTEXT"}


def test_a_user_logs_in_by_scram() -> None:
    assert client_security(SASL) == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "worker",
        "sasl_plain_password": "a secret",
    }


def test_a_login_in_the_address_counts_whatever_the_variables_say_and_is_not_shown() -> None:
    elsewhere = {"ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SSL", "ORDERCAST_KAFKA_USERNAME": "somebody"}
    assert client_arguments("relay:a secret@host:9092", elsewhere) == {
        "bootstrap_servers": "host:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "relay",
        "sasl_plain_password": "a secret",
    }
    assert client_arguments("host:9092", SASL) == {"bootstrap_servers": "host:9092", **client_security(SASL)}
    assert [brokers_of(address) for address in ("relay:a secret@host:9092", "host:9092")] == ["host:9092"] * 2


def test_tls_checks_the_brokers_name_and_certificate() -> None:
    context = client_security({"ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SSL"})["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


def test_what_is_no_variable_comes_from_the_folder_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "ordercast_kafka_password").write_text("of the file\n")
    environment = {**SASL, "ORDERCAST_SECRETS_DIR": str(tmp_path), "ORDERCAST_KAFKA_PASSWORD": ""}
    assert client_security(environment)["sasl_plain_password"] == "of the file"
    assert client_security({**environment, **SASL})["sasl_plain_password"] == "a secret"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ORDERCAST_KAFKA_SECURITY_PROTOCOL": "TLS"}, "ORDERCAST_KAFKA_SECURITY_PROTOCOL is 'TLS'"),
        ({"ORDERCAST_KAFKA_SASL_MECHANISM": "GSSAPI"}, "ORDERCAST_KAFKA_SASL_MECHANISM is 'GSSAPI'"),
        ({"ORDERCAST_KAFKA_USERNAME": ""}, "ORDERCAST_KAFKA_USERNAME is missing"),
        ({"ORDERCAST_KAFKA_PASSWORD": ""}, "ORDERCAST_KAFKA_PASSWORD is missing"),
        (
            {"ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "ORDERCAST_KAFKA_CA": "no PEM"},
            "ORDERCAST_KAFKA_CA holds no certificates in PEM",
        ),
    ],
)
def test_what_no_client_can_do_is_named_without_a_secret(changed: dict[str, str], message: str) -> None:
    with pytest.raises(KafkaSettingsWrong) as refused:
        client_security({**SASL, **changed})
    assert str(refused.value) == message
    assert "a secret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "address", ["kafka:abc", "kafka:0", "kafka:99999", "", ":9092", ", ", "[::1:9092", "u:p@kafka:x"]
)
def test_what_is_no_address_is_refused_without_the_login(address: str) -> None:
    with pytest.raises(KafkaSettingsWrong, match=r"^'[^@]*' is no address of a Kafka broker$"):
        client_arguments(address, {})


@pytest.mark.parametrize(
    "address", ["kafka", "kafka:9092", "a:1, b:2", "a:9092,b:9092,", "[::1]:9092", "::1", "10.0.0.1:65535"]
)
def test_addresses_that_the_client_reads_are_taken(address: str) -> None:
    assert client_arguments(address, {})["bootstrap_servers"] == address
