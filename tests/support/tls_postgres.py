"""TLS in front of a PostgreSQL that was built without it: it answers what a client asks first, as a server with TLS does."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ordercast.infra.certificates import ServerCertificate
from tests.support.tcp_gate import HOST, pump

# https://www.postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, and the answer "go on".
SSL_REQUEST: Final = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
WILLING: Final = b"S"


@asynccontextmanager
async def tls_postgres(url: str, certificate: ServerCertificate, folder: Path) -> AsyncIterator[str]:
    """The URL of the same database through TLS; who does not ask for it is not let in."""
    pem = folder / "server.pem"
    pem.write_text(certificate.key + certificate.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    parts = urlsplit(url)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_writer = None
        try:
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                return
            writer.write(WILLING)
            await writer.start_tls(context)
            far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in (writer, far_writer):
                if each is not None:
                    each.transport.abort()

    async with await asyncio.start_server(accept, HOST) as server:
        port = server.sockets[0].getsockname()[1]
        userinfo = parts.netloc.rpartition("@")[0]
        yield parts._replace(netloc=f"{userinfo}@{HOST}:{port}").geturl()
