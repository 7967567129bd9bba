"""How long the certificates of PostgreSQL and Kafka are still good, and how to get new ones."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from ordercast.client.certificates import kafka_certificate_end, postgres_certificate_end
from ordercast.database_tls import asyncpg_address
from ordercast.first_line import first_line
from ordercast.infra.local.finding import Finding
from ordercast.kafka_security import brokers_of, client_security
from ordercast.system.remote import RemoteSettings

# Time to get new ones before every client is refused.
WARNING: Final = timedelta(days=30)
HINT: Final = "with Compose: make compose-renew; else whoever made it makes a new one (SECURITY.md)"
POSTGRES_PORT: Final = 5432


async def examine_certificates(settings: RemoteSettings) -> AsyncIterator[Finding]:
    """Of each server that is known and whose certificate is checked. Raises ActionableError where the settings of TLS are wrong."""
    if settings.database_url:
        address, arguments = asyncpg_address(settings.database_url)
        parts, tls = urlsplit(address), arguments.get("ssl")
        if isinstance(tls, ssl.SSLContext):
            host, port = parts.hostname or "localhost", parts.port or POSTGRES_PORT
            yield await _finding("PostgreSQL", [postgres_certificate_end(host, port, tls)])
    if settings.kafka_bootstrap and (tls := client_security().get("ssl_context")):
        brokers = [broker.rpartition(":") for broker in brokers_of(settings.kafka_bootstrap).split(",")]
        yield await _finding("Kafka", [kafka_certificate_end(host, int(port), tls) for host, _, port in brokers])


async def _finding(server: str, asked: Sequence[Awaitable[datetime]]) -> Finding:
    """Of the certificate that ends first, where there are several brokers."""
    check = f"certificate of {server}"
    try:
        end = min(await asyncio.gather(*asked))
    except (OSError, TimeoutError) as error:
        return Finding(check, False, first_line(error), HINT)
    left = end - datetime.now(UTC)
    return Finding(check, left >= WARNING, f"good until {end:%Y-%m-%d}, {left.days} days", HINT)
