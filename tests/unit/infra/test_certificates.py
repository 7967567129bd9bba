"""Certificates that our servers show, as clients of OpenSSL check them: also by the strict rules of Python 3.13."""

import ssl
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from ordercast.infra.certificates import ServerCertificate, make_certificate

NAMES: Final = ("broker", "broker-2", "127.0.0.1")


def handshake(made: ServerCertificate, ca: str, name: str, folder: Path) -> None:
    """Of a client and a server in memory. Raises ssl.SSLError where the client refuses."""
    pem = folder / "server.pem"
    pem.write_text(made.key + made.certificate)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(pem)
    client_context = ssl.create_default_context(cadata=ca)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client_context.wrap_bio(to_client, to_server, server_hostname=name),
        server_context.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                pass


@pytest.mark.parametrize("name", NAMES)
def test_a_client_with_the_authority_trusts_the_server_by_each_of_its_names(name: str, tmp_path: Path) -> None:
    made = make_certificate(NAMES)
    handshake(made, made.ca, name, tmp_path)


def test_not_by_another_name(tmp_path: Path) -> None:
    made = make_certificate(NAMES)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(made, made.ca, "elsewhere", tmp_path)


def test_no_authority_vouches_for_the_server_of_another(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(make_certificate(NAMES), make_certificate(NAMES).ca, NAMES[0], tmp_path)


def test_the_server_is_no_authority() -> None:
    """Who has its key shows one server, and signs for no other."""
    server = x509.load_pem_x509_certificate(make_certificate(NAMES).certificate.encode())
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
