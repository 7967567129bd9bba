"""The ports of a system."""

import os
import socket
from collections.abc import Iterator

import pytest

from ordercast.infra.local.errors import PortsTaken
from ordercast.infra.local.ports import BASES, HOST, MAX_OFFSET, Ports, free_port, is_free


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_all_ports_move_by_the_offset() -> None:
    assert Ports(100)["order_api"] == 8100
    assert Ports(100).all() == {purpose: base + 100 for purpose, base in BASES.items()}


@pytest.mark.parametrize("offset", [-1, MAX_OFFSET + 1])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 to {MAX_OFFSET}"):
        Ports(offset)


def test_a_taken_port_is_named_with_its_purpose_and_the_program_that_has_it(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BASES, "order_api", listener)
    with pytest.raises(PortsTaken) as refusal:
        Ports().check_free()
    assert f"{listener} (order_api)" in str(refusal.value)
    assert f"pid {os.getpid()}" in str(refusal.value)


def test_the_hint_for_a_taken_port_names_an_offset_where_all_are_free(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BASES, "kafka", listener)
    with pytest.raises(PortsTaken) as refusal:
        Ports().check_free()
    *_, offset = refusal.value.hint.split()
    assert "--port-offset" in refusal.value.hint
    assert Ports(int(offset)).taken() == {}


def test_a_free_port_is_free(listener: int) -> None:
    assert is_free(free_port())
    assert not is_free(listener)
