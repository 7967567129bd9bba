"""Whether a version is the trainer's own. A row and files that somebody else wrote have no signature that fits."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ordercast.contracts.because import sentence
from ordercast.contracts.model_signature import decode_signature, signed_text
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.shared.db.models import ModelVersion


class SignatureCheck:
    """Of the record of a version. Without keys everything passes, as in releases before."""

    def __init__(self, keys: Sequence[Ed25519PublicKey]) -> None:
        self._keys = tuple(keys)

    def __call__(self, record: ModelVersion) -> None:
        """Raises ModelRefused: it is not signed, or not by the trainer, or signed was another manifest."""
        if not self._keys:
            return
        if record.manifest_signature is None:
            raise ModelRefused(sentence("not-signed"))
        text = signed_text(record.recipe, record.version, record.manifest_sha256)
        if not any(_fits(key, record.manifest_signature, text) for key in self._keys):
            raise ModelRefused(sentence("signature-of-another"))


def _fits(key: Ed25519PublicKey, signature: str, text: bytes) -> bool:
    try:
        key.verify(decode_signature(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
