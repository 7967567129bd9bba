import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ordercast.services.shared.http import follow_token_keys as follow_token_keys_module
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.follow_token_keys import follow_token_keys
from ordercast.services.shared.http.token_keys import (
    KEPT_FOR,
    TokenKeyError,
    VerifyingKey,
    create_key_pair,
    jwk_of,
    load_private_key,
    load_public_key,
    load_verifying_keys,
    rotate_key_pair,
)
from ordercast.services.shared.http.tokens import InvalidToken, TokenSigner, TokenVerifier


def test_a_new_pair_fits_together_and_only_its_owner_reads_the_private_key(tmp_path: Path) -> None:
    private, public = tmp_path / "keys" / "private.pem", tmp_path / "keys" / "public.pem"
    create_key_pair(private, public)
    token = TokenSigner(load_private_key(private)).sign(Caller(7, "CUSTOMER"))
    assert TokenVerifier(load_verifying_keys(public)).verify(token).account_id == 7
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
        with pytest.raises(TokenKeyError, match="cannot read the key"):
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


def kids(path: Path) -> list[str]:
    return [key.kid for key in load_verifying_keys(path)]


class TestRotation:
    @pytest.fixture
    def pair(self, tmp_path: Path) -> tuple[Path, Path]:
        private, public = tmp_path / "private.pem", tmp_path / "public.pem"
        create_key_pair(private, public)
        return private, public

    def test_new_tokens_are_signed_by_the_new_key_and_old_ones_are_good_until_they_end(
        self, pair: tuple[Path, Path]
    ) -> None:
        private, public = pair
        old = TokenSigner(load_private_key(private), key_id=kids(public)[0]).sign(Caller(7, "CUSTOMER"))
        rotate_key_pair(*pair)
        new = TokenSigner(load_private_key(private), key_id=kids(public)[0]).sign(Caller(8, "CUSTOMER"))
        verifier = TokenVerifier(load_verifying_keys(public))
        assert [verifier.verify(token).account_id for token in (old, new)] == [7, 8]
        current, replaced = load_verifying_keys(public)
        assert load_private_key(private).public_key() == current.key
        assert current.until is None
        assert replaced.until is not None
        assert timedelta(0) <= datetime.now(UTC) + KEPT_FOR - replaced.until <= timedelta(minutes=5)
        assert private.stat().st_mode & 0o777 == 0o600

    def test_a_key_that_was_replaced_ends(self, pair: tuple[Path, Path]) -> None:
        private, public = pair
        old = TokenSigner(load_private_key(private), key_id=kids(public)[0]).sign(Caller(7, "CUSTOMER"))
        rotate_key_pair(*pair)
        current, replaced = load_verifying_keys(public)
        past = datetime.now(UTC) - timedelta(seconds=1)
        verifier = TokenVerifier([current, replaced._replace(until=past)])
        assert verifier.keys == [current]
        with pytest.raises(InvalidToken):
            verifier.verify(old)

    def test_at_once_what_the_old_key_signed_is_good_no_more(self, pair: tuple[Path, Path]) -> None:
        private, public = pair
        verifier = TokenVerifier(load_verifying_keys(public))
        old = TokenSigner(load_private_key(private)).sign(Caller(7, "CUSTOMER"))
        assert verifier.verify(old).account_id == 7
        rotate_key_pair(*pair, at_once=True)
        verifier.replace_keys(load_verifying_keys(public))
        assert len(verifier.keys) == 1
        with pytest.raises(InvalidToken):
            verifier.verify(old)

    def test_a_token_is_checked_by_the_key_that_it_names_alone(self, pair: tuple[Path, Path]) -> None:
        private, public = pair
        [first] = kids(public)
        rotate_key_pair(*pair)
        by_another = TokenSigner(load_private_key(private), key_id=first).sign(Caller(7, "CUSTOMER"))
        unknown = TokenSigner(load_private_key(private), key_id="nobody's").sign(Caller(7, "CUSTOMER"))
        for token in (by_another, unknown):
            with pytest.raises(InvalidToken):
                TokenVerifier(load_verifying_keys(public)).verify(token)

    def test_several_rotations_keep_all_that_may_have_signed_a_token(self, pair: tuple[Path, Path]) -> None:
        seen = kids(pair[1])
        for _ in range(3):
            rotate_key_pair(*pair)
            seen.insert(0, kids(pair[1])[0])
        assert kids(pair[1]) == seen

    def test_one_that_was_broken_off_after_the_private_key_is_put_right_at_the_next_start(
        self, pair: tuple[Path, Path], tmp_path: Path
    ) -> None:
        private, public = pair
        old = kids(public)
        create_key_pair(tmp_path / "other.pem", tmp_path / "other-public.pem")
        (tmp_path / "other.pem").replace(private)
        create_key_pair(*pair)
        assert kids(public) == [VerifyingKey(load_private_key(private).public_key()).kid, *old]
        create_key_pair(*pair)
        assert len(kids(public)) == 2

    def test_an_end_that_cannot_be_read_is_named(self, pair: tuple[Path, Path]) -> None:
        _, public = pair
        public.write_bytes(b"Until: tomorrow\n" + public.read_bytes())
        with pytest.raises(TokenKeyError, match="until when"):
            load_verifying_keys(public)


async def test_a_service_reads_the_file_again_when_it_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_token_keys_module, "LOOK_EVERY_S", 0.01)
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    create_key_pair(private, public)
    verifier, stopping = TokenVerifier(load_verifying_keys(public)), asyncio.Event()
    following = asyncio.create_task(follow_token_keys(public, verifier, stopping))
    await asyncio.sleep(0)
    rotate_key_pair(private, public)
    async with asyncio.timeout(10):
        while len(verifier.keys) < 2:
            await asyncio.sleep(0.01)
    public.write_text("no key")
    await asyncio.sleep(0.05)
    assert len(verifier.keys) == 2  # as they were
    rotate = [load_private_key(private)]
    create_key_pair(private, public)
    async with asyncio.timeout(10):
        while len(verifier.keys) > 1:
            await asyncio.sleep(0.01)
    assert verifier.keys[0].key == rotate[0].public_key()
    stopping.set()
    await following
