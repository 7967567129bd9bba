"""What is signed of a version: the same text in every release, or signatures of before fit no more."""

import pytest

from ordercast.contracts.model_signature import decode_signature, encode_signature, signed_text


def test_the_text_names_all_that_must_not_be_exchanged() -> None:
    assert signed_text("baseline", "20260101-1", "ab12") == b"ordercast model version 1\nbaseline\n20260101-1\nab12\n"


def test_a_signature_comes_back_as_it_was() -> None:
    assert decode_signature(encode_signature(b"\x00\xff" * 32)) == b"\x00\xff" * 32


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        decode_signature("not base64!")
