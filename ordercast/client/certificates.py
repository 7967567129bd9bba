"""When the certificates end that PostgreSQL and Kafka show by TLS. After that day every client is refused at once."""

import asyncio
import ssl
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

# Deadline (s) for one server.
TIMEOUT_S: Final = 5.0
# https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, and the answer "go on".
SSL_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
WILLING: Final = b"S"


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
