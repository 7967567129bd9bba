"""A manifest of `demand` comes back as it was written, and one that is not whole is refused with the reason."""

import json
from typing import Any

import msgspec
import pytest

from ordercast.contracts.demand_manifest import (
    SCHEMA,
    DemandManifest,
    decode_demand_manifest,
)
from ordercast.contracts.model_manifest import ManifestError, decode_manifest, encode_manifest
from tests.support.demand_versions import demand_version, with_trees

WHOLE: DemandManifest = demand_version()[0]


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(encode_manifest(WHOLE)), **changes}).encode()


def test_what_was_written_is_read() -> None:
    assert decode_demand_manifest(encode_manifest(WHOLE)) == WHOLE
    assert WHOLE.schema == SCHEMA


@pytest.mark.parametrize("schema", [f"ordercast.demand/{number}" for number in (1, 2, 3, 4)])
def test_versions_of_releases_before_are_read(schema: str) -> None:
    assert decode_demand_manifest(changed(schema=schema)).questions == WHOLE.questions


def test_fields_of_a_later_release_are_passed_over() -> None:
    assert decode_demand_manifest(changed(weather="fine")) == WHOLE


def test_neither_recipe_reads_the_others_manifest() -> None:
    with pytest.raises(ManifestError, match="schema"):
        decode_manifest(encode_manifest(WHOLE))
    with pytest.raises(ManifestError, match="schema"):
        decode_demand_manifest(changed(schema="ordercast.model/1"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"questions": {}}, "says nothing of the question pair"),
        ({"files": {}}, "names no pair.safetensors"),
        ({"horizon_days": 13}, "horizon_days"),
        ({"weeks": 9}, "weeks"),
        ({"version": "../other"}, "version"),
    ],
)
def test_one_that_is_not_whole_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        decode_demand_manifest(changed(**changes))


def test_one_with_trees_names_their_file() -> None:
    manifest = with_trees(demand_version())[0]
    assert decode_demand_manifest(encode_manifest(manifest)) == manifest
    without = {name: entry for name, entry in manifest.files.items() if name != "product_trees.safetensors"}
    with pytest.raises(ManifestError, match=r"names no product_trees\.safetensors"):
        decode_demand_manifest(encode_manifest(msgspec.structs.replace(manifest, files=without)))


def test_averages_that_are_not_those_of_the_features_are_refused() -> None:
    document = json.loads(encode_manifest(WHOLE))
    document["questions"]["line"]["average"].pop()
    with pytest.raises(ManifestError, match="line has 37 averages of 38 features"):
        decode_demand_manifest(json.dumps(document).encode())


def test_bytes_that_are_no_manifest_are_refused() -> None:
    with pytest.raises(ManifestError, match=r"manifest\.json: "):
        decode_demand_manifest(b"\xff\xfe")
