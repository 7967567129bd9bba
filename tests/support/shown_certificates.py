"""Servers that show a certificate and say no more."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.certificates import ServerCertificate
from ordercast.server_certificates import SSL_REQUEST, WILLING

HOST: Final = "127.0.0.1"


@asynccontextmanager
async def showing(made: ServerCertificate, folder: Path, *, asked_first: bool) -> AsyncIterator[str]:
    """The address of a server with a certificate, which a client asks for as of PostgreSQL, or has at once as of Kafka."""
    pem = folder / "server.pem"
    pem.write_text(made.key + made.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if asked_first:
                assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
                writer.write(WILLING)
                await writer.start_tls(context)
            await reader.read()
        except OSError:
            pass  # the client refused
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(accept, HOST, ssl=None if asked_first else context) as server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"


def trusting(made: ServerCertificate, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DATABASE_CA", "KAFKA_CA"):
        monkeypatch.setenv(f"ORDERCAST_{variable}", made.ca)
    monkeypatch.setenv("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SSL")
