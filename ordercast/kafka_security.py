"""How clients of Kafka speak to it: TLS, and the user that they log in as. The one place that knows it, for all of them.

From variables, or files called as they are in lower case in the folder that ORDERCAST_SECRETS_DIR names:

ORDERCAST_KAFKA_SECURITY_PROTOCOL  PLAINTEXT (unless set), SSL, SASL_PLAINTEXT or SASL_SSL
ORDERCAST_KAFKA_SASL_MECHANISM     SCRAM-SHA-512 (unless set), SCRAM-SHA-256 or PLAIN
ORDERCAST_KAFKA_USERNAME, ORDERCAST_KAFKA_PASSWORD
ORDERCAST_KAFKA_CA                 certificates (PEM) that the brokers' are signed with; the system's unless set

An address may carry its login, as a URL of PostgreSQL does: user:password@host:port. That is SCRAM-SHA-512 without TLS, whatever
the variables say: the broker of `ordercast up`, which listens on the loopback interface alone.
"""

import os
import ssl
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.conn import get_ip_port_afi
from aiokafka.helpers import create_ssl_context

from ordercast.errors import ActionableError
from ordercast.secret_variables import secret_variable

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
PREFIX: Final = "ORDERCAST_KAFKA_"
LARGEST_PORT: Final = 65_535


class KafkaSettingsWrong(ActionableError):
    """A variable says what no client can do. The message names it, without a value that may be secret."""


def client_arguments(address: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Whom a client of aiokafka connects to, and how. Raises KafkaSettingsWrong."""
    login, carried, brokers = address.rpartition("@")
    _check(brokers)
    if not carried:
        return {"bootstrap_servers": address, **client_security(environment)}
    user, _, password = login.partition(":")
    return {
        "bootstrap_servers": brokers,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": MECHANISMS[0],
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


def _check(brokers: str) -> None:
    # A comma too many is nobody's harm: the client passes over what is empty.
    for broker in [broker for broker in brokers.split(",") if broker.strip()] or [""]:
        try:
            host, port, _ = get_ip_port_afi(broker)
        except ValueError:  # the port is no number, or there are brackets without an IPv6 address
            host, port = "", 0
        if not host or not 0 < port <= LARGEST_PORT:
            raise KafkaSettingsWrong(
                f"{broker.strip()!r} is no address of a Kafka broker", hint="host:port, several with commas between"
            )


def brokers_of(address: str) -> str:
    """The address without its login, to be shown."""
    return address.rpartition("@")[2]


def client_security(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """How a client of aiokafka speaks to brokers whose address carries no login. Raises KafkaSettingsWrong."""
    protocol = _one_of("SECURITY_PROTOCOL", PROTOCOLS, environment)
    arguments: dict[str, Any] = {"security_protocol": protocol}
    if protocol.startswith("SASL_"):
        arguments["sasl_mechanism"] = _one_of("SASL_MECHANISM", MECHANISMS, environment)
        for name, argument in (("USERNAME", "sasl_plain_username"), ("PASSWORD", "sasl_plain_password")):
            arguments[argument] = _needed(name, protocol, environment)
    if protocol.endswith("SSL"):
        try:
            arguments["ssl_context"] = create_ssl_context(cadata=_read("CA", environment))
        except ssl.SSLError as error:
            raise KafkaSettingsWrong(f"{PREFIX}CA holds no certificates in PEM") from error
    return arguments


def _one_of(name: str, allowed: tuple[str, ...], environment: Mapping[str, str]) -> str:
    chosen = _read(name, environment) or allowed[0]
    if chosen not in allowed:
        raise KafkaSettingsWrong(f"{PREFIX}{name} is {chosen!r}", hint=f"one of {', '.join(allowed)}")
    return chosen


def _needed(name: str, protocol: str, environment: Mapping[str, str]) -> str:
    value = _read(name, environment)
    if value is None:
        raise KafkaSettingsWrong(f"{PREFIX}{name} is missing", hint=f"{PREFIX}SECURITY_PROTOCOL is {protocol}")
    return value


def _read(name: str, environment: Mapping[str, str]) -> str | None:
    return secret_variable(PREFIX + name, environment)
