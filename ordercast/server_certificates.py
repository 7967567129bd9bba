"""When the certificates end that PostgreSQL and Kafka show by TLS. After that day every client is refused at once."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from aiokafka.conn import collect_hosts

from ordercast.database_tls import asyncpg_address
from ordercast.kafka_security import client_arguments

# Deadline (s) for one server.
TIMEOUT_S: Final = 5.0
# https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, and the answer "go on".
SSL_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
WILLING: Final = b"S"
POSTGRES_PORT: Final = 5432

# Asks a server. Raises OSError or TimeoutError.
Ask = Callable[[], Awaitable[datetime]]


def checked_certificates(database_url: str | None, kafka_bootstrap: str | None) -> Mapping[str, Ask]:
    """How to ask each server whose certificate clients check; of several brokers the end that comes first.

    Raises:
        ActionableError: the settings of TLS are wrong.
    """
    asked: dict[str, Ask] = {}
    if database_url:
        address, arguments = asyncpg_address(database_url)
        parts, tls = urlsplit(address), arguments.get("ssl")
        if isinstance(tls, ssl.SSLContext):
            host, port = parts.hostname or "localhost", parts.port or POSTGRES_PORT
            asked["PostgreSQL"] = partial(postgres_certificate_end, host, port, tls)
    if kafka_bootstrap:
        client = client_arguments(kafka_bootstrap)
        if tls := client.get("ssl_context"):
            # Read as the client reads it: without a port, with blanks, with an IPv6 address.
            brokers = collect_hosts(client["bootstrap_servers"], randomize=False)
            asked["Kafka"] = partial(_first_end, [(host, port) for host, port, _ in brokers], tls)
    return asked


async def _first_end(brokers: list[tuple[str, int]], tls: ssl.SSLContext) -> datetime:
    """Of those that answer. One that shows a certificate which is refused is told, whatever the others show."""
    asked = await asyncio.gather(*(kafka_certificate_end(*broker, tls) for broker in brokers), return_exceptions=True)
    ends = [end for end in asked if isinstance(end, datetime)]
    failed = [error for error in asked if isinstance(error, BaseException)]
    for error in failed:
        if not ends or not isinstance(error, OSError) or isinstance(error, ssl.SSLError):
            raise error
    return min(ends)


async def kafka_certificate_end(host: str, port: int, tls: ssl.SSLContext) -> datetime:
    """Of a broker. Raises OSError (ssl.SSLError where the certificate is refused, as after its end) or TimeoutError."""
    async with asyncio.timeout(TIMEOUT_S):
        _, writer = await asyncio.open_connection(host, port, ssl=tls)
    with closing(writer):
        return _end(writer)


async def postgres_certificate_end(host: str, port: int, tls: ssl.SSLContext) -> datetime:
    """The same of a PostgreSQL, which is asked for TLS first."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection(host, port)
        with closing(writer):
            writer.write(SSL_REQUEST)
            if await reader.read(1) != WILLING:
                raise ConnectionError(f"{host}:{port} speaks no TLS")
            await writer.start_tls(tls, server_hostname=host)
            return _end(writer)


def _end(writer: asyncio.StreamWriter) -> datetime:
    shown = writer.get_extra_info("peercert")["notAfter"]
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown), UTC)
