"""A certificate for a server that no public authority knows, and the authority that signed it.

The authority's key is not kept: who has all these files cannot sign for a second server.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME: Final = timedelta(days=3650)
# A client's clock may be a little behind.
BACKDATED: Final = timedelta(hours=1)
AUTHORITY: Final = "ordercast"


class ServerCertificate(NamedTuple):
    """All in PEM: what clients check with, and what the server alone has."""

    ca: str
    certificate: str
    key: str


def make_certificate(names: Sequence[str], lifetime: timedelta = LIFETIME) -> ServerCertificate:
    """Of a server that is reached by these names and IP addresses."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _sign(_builder(AUTHORITY, ca_key, ca_key, lifetime), ca_key, is_ca=True)
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    server = _builder(names[0], key, ca_key, lifetime).add_extension(alternatives, critical=False)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return ServerCertificate(
        _pem(ca),
        _pem(_sign(server, ca_key, is_ca=False)),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def _builder(
    subject: str, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(_name(AUTHORITY), _name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
        # Python 3.13 takes no certificate without these two.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None)
    return (
        builder.add_extension(constraints, critical=True).add_extension(usage, critical=True).sign(key, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
