import stat
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import (
    TokenKeyError,
    create_key_pair,
    jwk_of,
    load_private_key,
    load_public_key,
)
from ordercast.services.shared.http.tokens import TokenSigner, TokenVerifier


def test_a_new_pair_fits_together_and_only_its_owner_reads_the_private_key(tmp_path: Path) -> None:
    private, public = tmp_path / "keys" / "private.pem", tmp_path / "keys" / "public.pem"
    create_key_pair(private, public)
    token = TokenSigner(load_private_key(private)).sign(Caller(7, "CUSTOMER"))
    assert TokenVerifier(load_public_key(public)).verify(token).account_id == 7
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert sorted(path.name for path in private.parent.iterdir()) == ["private.pem", "public.pem"]


def test_a_pair_that_is_there_stays_and_a_lost_public_key_comes_back(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    create_key_pair(private, public)
    before = private.read_bytes(), public.read_bytes()
    public.unlink()
    create_key_pair(private, public)
    assert (private.read_bytes(), public.read_bytes()) == before


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_a_key_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.pem"
    path.write_bytes(content)
    for load in (load_private_key, load_public_key):
        with pytest.raises(TokenKeyError, match=r"broken\.pem"):
            load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(TokenKeyError, match="cannot read the token key"):
            load_public_key(path)


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ec.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TokenKeyError, match="Ed25519"):
        load_private_key(path)
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(TokenKeyError, match="Ed25519"):
        load_public_key(path)


def test_the_web_key_is_the_same_key_and_its_id_is_its_thumbprint(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    create_key_pair(private, public)
    key = load_public_key(public)
    web_key = jwt.PyJWK.from_dict(jwk_of(key))
    assert web_key.key.public_bytes_raw() == key.public_bytes_raw()
    # The example key of RFC 8037, appendix A.
    example = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    example_key = Ed25519PublicKey.from_public_bytes(example)
    assert jwk_of(example_key)["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
