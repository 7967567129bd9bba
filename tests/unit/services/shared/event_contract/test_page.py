"""The page holds all that the document says, and loads nothing."""

import re
from typing import Final

from ordercast.services.shared.event_contract.asyncapi import asyncapi_document
from ordercast.services.shared.event_contract.page import asyncapi_page

DOCUMENT: Final = asyncapi_document()
PAGE: Final = asyncapi_page(DOCUMENT, "/asyncapi.json")


def test_it_names_every_topic_message_field_and_header() -> None:
    for name in (*DOCUMENT["channels"], *DOCUMENT["components"]["messages"]):
        assert f'id="{name}"' in PAGE
    for schema in DOCUMENT["components"]["schemas"].values():
        for field in schema["properties"]:
            assert re.search(rf">(items\[\]\.)?{field}( \(optional\))?<", PAGE), field
    for header in ("ce_id", "ce_type", "ce_producer", "ce_sequence", "ce_numbering", "is_cut"):
        assert re.search(f">{header}( \\(optional\\))?<", PAGE), header


def test_it_loads_nothing_and_runs_nothing() -> None:
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|https?://", PAGE)


def test_links_lead_to_places_of_the_page_or_to_the_document() -> None:
    ids = set(re.findall(r'id="([^"]+)"', PAGE))
    for link in re.findall(r'href="([^"]+)"', PAGE):
        assert link == "/asyncapi.json" or link.removeprefix("#") in ids


def test_what_it_quotes_is_escaped() -> None:
    page = asyncapi_page({**DOCUMENT, "info": {**DOCUMENT["info"], "description": "<b> `<i>`"}}, "/x")
    assert "&lt;b&gt; <code>&lt;i&gt;</code>" in page
