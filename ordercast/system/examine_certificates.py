"""How long the certificates of PostgreSQL and Kafka are still good, and how to get new ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

from ordercast.first_line import first_line
from ordercast.infra.local.finding import Finding
from ordercast.server_certificates import Ask, checked_certificates
from ordercast.system.remote import RemoteSettings

# Time to get new ones before every client is refused.
WARNING: Final = timedelta(days=30)
HINT: Final = "with Compose: make compose-renew; else whoever made it makes a new one (SECURITY.md)"


async def examine_certificates(settings: RemoteSettings) -> AsyncIterator[Finding]:
    """Of each server that is known and whose certificate is checked. Raises ActionableError where the settings of TLS are wrong."""
    for server, ask in checked_certificates(settings.database_url, settings.kafka_bootstrap).items():
        yield await _finding(server, ask)


async def _finding(server: str, ask: Ask) -> Finding:
    check = f"certificate of {server}"
    try:
        end = await ask()
    except (OSError, TimeoutError) as error:
        return Finding(check, False, first_line(error), HINT)
    left = end - datetime.now(UTC)
    return Finding(check, left >= WARNING, f"good until {end:%Y-%m-%d}, {left.days} days", HINT)
