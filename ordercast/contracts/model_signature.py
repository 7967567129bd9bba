"""What the trainer signs of a model version, so that whoever has its public key can tell a version of its own from others."""

import base64


def signed_text(recipe: str, version: str, manifest_sha256: str) -> bytes:
    """The manifest names every file's hash, so a signature of its own hash covers all of them. Ed25519, no prehash."""
    return f"ordercast model version 1\n{recipe}\n{version}\n{manifest_sha256}\n".encode()


def encode_signature(signature: bytes) -> str:
    """As the record keeps it: base64."""
    return base64.b64encode(signature).decode()


def decode_signature(text: str) -> bytes:
    """Raises ValueError for what is no base64."""
    return base64.b64decode(text, validate=True)
