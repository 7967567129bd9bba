"""The AsyncAPI document is valid by AsyncAPI's own schema, which comes from npm."""

import json
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

from ordercast.services.shared.event_contract.asyncapi import asyncapi_document
from tests.support.npm_packages import ROOT, install_packages

DOCUMENT: Final = asyncapi_document()


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    packages = install_packages(ROOT / "tests" / "support" / "asyncapi", tmp_path_factory.mktemp("asyncapi"))
    return Draft7Validator(json.loads((packages / "@asyncapi" / "specs" / "schemas" / "3.0.0.json").read_text()))


def test_the_document_is_valid_by_the_official_schema(official: Draft7Validator) -> None:
    assert [error.message for error in official.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {**DOCUMENT, "asyncapi": "2.6.0"},
        {**DOCUMENT, "channels": {"orders": {"address": 1}}},
        {**DOCUMENT, "operations": {"one": {"action": "publish", "channel": {"$ref": "#/channels/orders"}}}},
    ],
)
def test_the_official_schema_refuses_what_is_no_such_document(official: Draft7Validator, wrong: dict[str, Any]) -> None:
    assert not official.is_valid(wrong)
