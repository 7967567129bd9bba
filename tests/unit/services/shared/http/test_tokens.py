"""Who may come in: access tokens as every service checks them."""

import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ordercast.services.shared.http import tokens
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.token_keys import VerifyingKey
from ordercast.services.shared.http.tokens import LEEWAY_S, EndedTokens, InvalidToken, TokenSigner, TokenVerifier

KEY = Ed25519PrivateKey.generate()
CUSTOMER = Caller(7, "CUSTOMER")
ADMIN = Caller(1, "ADMIN")


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"sub": "7", "role": "CUSTOMER", "iss": "ordercast", "aud": "ordercast", "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(**changes: Any) -> str:
    return jwt.encode(claims(**changes), KEY, "EdDSA")


def test_a_signed_token_gives_back_its_caller() -> None:
    verifier = TokenVerifier([VerifyingKey(KEY.public_key())])
    assert verifier.verify(TokenSigner(KEY).sign(CUSTOMER)) == CUSTOMER
    assert verifier.verify(TokenSigner(KEY).sign(ADMIN)).role == "ADMIN"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 3_600},
        {"iat": None},
        {"iss": "elsewhere"},
        {"iss": None},
        {"aud": "elsewhere"},
        {"aud": None},
        {"sub": "seven"},
        {"sub": None},
        {"role": "ROOT"},
        {"role": ["ADMIN"]},
        {"role": None},
    ],
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier([VerifyingKey(KEY.public_key())]).verify(signed(**changes))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier([VerifyingKey(Ed25519PrivateKey.generate().public_key())]).verify(signed())


def test_tokens_with_another_algorithm_are_refused() -> None:
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    unsigned = jwt.encode(claims(), "", "none")
    # The classic attack: the public key, which everybody has, as the secret of an HMAC.
    with_public_key = jwt.encode(claims(), public, "HS256")
    for token in (unsigned, with_public_key):
        with pytest.raises(InvalidToken):
            TokenVerifier([VerifyingKey(KEY.public_key())]).verify(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä.ö.ü", "." * 10_000, "\0"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier([VerifyingKey(KEY.public_key())]).verify(token)


def test_a_changed_token_is_refused_though_the_true_one_was_seen_before() -> None:
    verifier = TokenVerifier([VerifyingKey(KEY.public_key())])
    token = signed()
    verifier.verify(token)
    header, payload, signature = token.split(".")
    forged = jwt.encode(claims(role="ADMIN"), Ed25519PrivateKey.generate(), "EdDSA").split(".")[1]
    for other in (f"{header}.{forged}.{signature}", f"{header}.{payload}.{signature[:-4]}AAAA"):
        with pytest.raises(InvalidToken):
            verifier.verify(other)


def test_a_token_seen_before_ends_on_time() -> None:
    verifier = TokenVerifier([VerifyingKey(KEY.public_key())])
    token = signed(exp=int(time.time()) - LEEWAY_S + 2)
    verifier.verify(token)
    time.sleep(2.05)
    with pytest.raises(InvalidToken, match="expired"):
        verifier.verify(token)


def test_the_memory_of_good_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_CACHED", 3)
    verifier = TokenVerifier([VerifyingKey(KEY.public_key())])
    for account_id in range(10):
        assert verifier.verify(signed(sub=str(account_id))).account_id == account_id
    assert len(verifier._verified) == 3


def test_tokens_of_a_smaller_version_than_the_accounts_end_also_when_they_were_verified_before() -> None:
    verifier, signer = TokenVerifier([VerifyingKey(KEY.public_key())]), TokenSigner(KEY)
    before, after = (signer.sign(Caller(7, "CUSTOMER", version=version)) for version in (2, 3))
    other, of_release_before = signer.sign(Caller(8, "CUSTOMER")), signed()
    assert verifier.verify(before).version == 2
    verifier.end({7: EndedTokens(3)})
    for token in (before, of_release_before):
        with pytest.raises(InvalidToken, match="ended before its time"):
            verifier.verify(token)
    assert verifier.verify(after).version == 3
    assert verifier.verify(other).account_id == 8
    verifier.end({})
    assert verifier.verify(before).version == 2


@pytest.mark.parametrize("version", ["x", None, [1], {}])
def test_a_version_that_is_no_number_is_refused(version: Any) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier([VerifyingKey(KEY.public_key())]).verify(jwt.encode({**claims(), "ver": version}, KEY, "EdDSA"))


def test_the_tokens_of_a_log_in_end_with_it_and_those_of_others_go_on() -> None:
    verifier, signer, log_in = TokenVerifier([VerifyingKey(KEY.public_key())]), TokenSigner(KEY), uuid4()
    first, refreshed = (signer.sign(Caller(7, "CUSTOMER", log_in=log_in)) for _ in range(2))
    elsewhere, without, of_another = (
        signer.sign(Caller(account_id, "CUSTOMER", log_in=one))
        for account_id, one in ((7, uuid4()), (7, None), (8, log_in))
    )
    assert verifier.verify(first).log_in == log_in
    verifier.end({7: EndedTokens(0, [uuid4(), log_in])})
    for token in (first, refreshed):
        with pytest.raises(InvalidToken, match="ended before its time"):
            verifier.verify(token)
    for token in (elsewhere, without, of_another):
        verifier.verify(token)


@pytest.mark.parametrize("log_in", ["x", None, 7, [1], {}])
def test_a_log_in_that_is_none_is_refused(log_in: Any) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier([VerifyingKey(KEY.public_key())]).verify(jwt.encode({**claims(), "sid": log_in}, KEY, "EdDSA"))
