"""Which records of versions are the trainer's own."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.contracts.model_signature import encode_signature, signed_text
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.signed_versions import SignatureCheck
from ordercast.services.shared.db.models import ModelVersion

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
CHECK = SignatureCheck([KEY.public_key()])
NAMES = {"recipe": "baseline", "version": "20260101T000000-abc", "manifest_sha256": "0" * 64}


def record(signature: str | None, **names: str) -> ModelVersion:
    return ModelVersion(training_id=UUID(int=1), manifest_signature=signature, **NAMES | names)


def signed(key: Ed25519PrivateKey, **names: str) -> str:
    values = NAMES | names
    return encode_signature(key.sign(signed_text(values["recipe"], values["version"], values["manifest_sha256"])))


def test_what_the_trainer_signed_passes() -> None:
    CHECK(record(signed(KEY)))


def test_any_of_several_keys_will_do() -> None:
    SignatureCheck([OTHER.public_key(), KEY.public_key()])(record(signed(KEY)))


def test_an_unsigned_version_is_refused_with_the_way_out() -> None:
    with pytest.raises(ModelRefused, match=r"not signed by the trainer; .* ordercast models sign"):
        CHECK(record(None))


@pytest.mark.parametrize(
    "foreign",
    [
        record(signed(OTHER)),
        record(signed(KEY), manifest_sha256="1" * 64),
        record(signed(KEY), recipe="demand"),
        record(signed(KEY), version="20260101T000000-abd"),
        record("no base64!"),
        record(""),
    ],
    ids=["another key", "another manifest", "another recipe", "another version", "no signature", "empty"],
)
def test_a_signature_of_anything_else_is_refused(foreign: ModelVersion) -> None:
    with pytest.raises(ModelRefused, match="not the trainer's, or is of another manifest"):
        CHECK(foreign)


def test_without_keys_everything_passes_as_before() -> None:
    SignatureCheck([])(record(None))
