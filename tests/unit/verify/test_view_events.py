"""A record is a view for verify exactly if it is one for the worker."""

from typing import Any

import pytest

from ordercast.services.shared.kafka.admit import Admitted, Refused, admit
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from ordercast.verify.view_events import ViewRow, view_of

HEADERS = {
    "ce_specversion": b"1.0",
    "ce_id": b"01890a5d-ac96-774b-bcce-b302099a8057",
    "ce_source": b"/test",
    "ce_type": b"ordercast.product.viewed.v1",
    "ce_time": b"2026-01-01T00:00:00.000001+00:00",
    "ce_producer": b"p",
    "ce_sequence": b"1",
    "ce_numbering": b"dense",
}
BODY = b'{"account_id":5,"product_id":3,"count":2,"occurred_at":"2026-01-01T00:00:00.000001Z","simulated":false}'


def test_a_view_is_read_out_of_headers_and_body() -> None:
    moment = 1_767_225_600_000_001
    assert view_of(list(HEADERS.items()), BODY, 1, 4) == ViewRow(5, 3, HEADERS["ce_id"].decode(), 2, moment)


def test_a_cart_is_told_from_a_view() -> None:
    headers = {**HEADERS, "ce_type": b"ordercast.product.carted.v1"}
    cart = view_of(list(headers.items()), BODY, 1, 4)
    assert cart is not None
    assert cart.is_cart
    assert isinstance(of_worker(list(headers.items()), BODY), Admitted)


def of_worker(headers: list[tuple[str, bytes]], body: bytes | None) -> Admitted | Refused:
    return admit(StoredRecord(b"5", body, headers, 0, Partition("views", 1), 7), 4)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"ce_producer": b"batch:7", "ce_numbering": b"rising"}, BODY),
        ({"ce_producer": b"replay:views:1:7", "ce_numbering": b"rising"}, BODY),
        ({"ce_producer": b"p" * 300, "ce_sequence": str(2**63 - 1).encode()}, BODY),
        ({}, BODY.replace(b"00001Z", b"00001+0530")),
        ({}, BODY.replace(b"T00:00:00.000001Z", b"t00:00:00z")),
        ({}, BODY.replace(b"T00:00:00.000001Z", b" 00:00:00")),
        ({}, BODY.replace(b',"simulated":false', b',"later":null')),
    ],
)
def test_a_view_for_verify_is_one_for_the_worker(changed: dict[str, bytes], body: bytes) -> None:
    headers = list({**HEADERS, **changed}.items())
    assert view_of(headers, body, 1, 4) is not None
    assert isinstance(of_worker(headers, body), Admitted)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"ce_type": b"ordercast.product.viewed.v9"}, BODY),
        ({"ce_source": b"\xff"}, BODY),
        ({"ce_sequence": str(2**63).encode()}, BODY),
        ({"ce_producer": b"p" * 301}, BODY),
        ({"ce_producer": b"p\0"}, BODY),
        ({}, BODY.decode().encode("utf-16")),
        ({}, BODY.replace(b"false", b"1")),
        ({}, BODY.replace(b"}", b',"later":NaN}')),
        ({}, BODY.replace(b"T00:00:00.000001Z", b"")),
        ({"ce_specversion": b"0.3"}, BODY),
        ({"ce_id": b"7"}, BODY),
        ({"ce_time": b"2026-01-01T00:00:00"}, BODY),
        ({"ce_time": b"1969-01-01T00:00:00Z"}, BODY),
        ({"ce_sequence": b"0"}, BODY),
        ({"ce_producer": b""}, BODY),
        *(({"ce_sequence": number}, BODY) for number in (b"-1", b"1_0", b" 1", b"\xd9\xa1", b"one", b"0" * 20)),
        ({"ce_numbering": b"rising"}, BODY),
        ({"ce_producer": b"batch:7"}, BODY),
        ({"ce_producer": b"replay:views:1:7", "ce_numbering": b"rising", "ce_sequence": b"2"}, BODY),
        ({"ce_producer": b"replay:views:2:7", "ce_numbering": b"rising"}, BODY),
        ({}, None),
        ({}, b"{"),
        ({}, b"[]"),
        ({}, b"[" * 100_000),
        ({}, BODY.replace(b'"count":2', b'"count":0')),
        ({}, BODY.replace(b'"count":2', b'"count":true')),
        ({}, BODY.replace(b'"count":2', b'"count":"2"')),
        ({}, BODY.replace(b'"account_id":5', b'"account_id":6')),  # of another partition
    ],
)
def test_what_the_contract_does_not_allow_is_no_view(changed: dict[str, bytes], body: bytes | None) -> None:
    headers: list[tuple[str, Any]] = list({**HEADERS, **changed}.items())
    assert view_of(headers, body, 1, 4) is None
    assert isinstance(of_worker(headers, body), Refused)  # so both agree what counts


def test_a_header_that_comes_twice_makes_it_no_view() -> None:
    headers = [*HEADERS.items(), ("ce_sequence", b"2")]
    assert view_of(headers, BODY, 1, 4) is None
    assert isinstance(of_worker(headers, BODY), Refused)
