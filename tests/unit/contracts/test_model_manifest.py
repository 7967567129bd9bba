"""Manifests of other releases."""

from pathlib import Path

import msgspec
import pytest

from ordercast.contracts.model_manifest import MANIFEST_FILE, ManifestError, decode_manifest
from tests.support.model_artifacts import write_model


def manifest_with(tmp_path: Path, **fields: object) -> bytes:
    written = write_model(tmp_path)
    document = msgspec.json.decode((written.folder / MANIFEST_FILE).read_bytes())
    return msgspec.json.encode({**document, **fields})


def test_a_manifest_from_before_judgements_has_none(tmp_path: Path) -> None:
    document = msgspec.json.decode(manifest_with(tmp_path))
    del document["judgement"]
    assert decode_manifest(msgspec.json.encode(document)).judgement is None


def test_what_a_later_release_adds_is_passed_over_and_its_schema_is_not(tmp_path: Path) -> None:
    assert decode_manifest(manifest_with(tmp_path / "one", scoreboard=[])).judgement is None
    with pytest.raises(ManifestError, match="schema"):
        decode_manifest(manifest_with(tmp_path / "two", schema="ordercast.model/2"))
