"""Who may have how many connections: counted, without a network."""

import resource
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.http.party import party_of
from ordercast.services.shared.serving.connections import (
    OTHER_DESCRIPTORS,
    ConnectionLimits,
    Connections,
    within_descriptors,
)

LIMITS = ConnectionLimits(connections=5, per_address=3)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans())))
def test_never_more_than_the_limits_and_never_refused_below_them(steps: list[tuple[str, bool]]) -> None:
    connections, there = Connections(LIMITS), Counter[str]()
    for address, comes in steps:
        if comes:
            free = there[address] < LIMITS.per_address and there.total() < LIMITS.connections
            refusal = connections.admit(address)
            assert (refusal is None) == free
            there[address] += refusal is None
        elif there[address]:
            connections.forget(address)
            there[address] -= 1


def test_all_addresses_of_an_ipv6_network_are_one_party() -> None:
    assert party_of("2001:db8::1") == party_of("2001:db8:0:0:ffff::2") != party_of("2001:db8:0:1::1")
    assert party_of("fe80::1%eth0") == party_of("fe80::2")
    assert party_of("192.0.2.1") != party_of("192.0.2.2")


@pytest.fixture
def limits_of_this_process(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The soft and hard limits of descriptors, the current ones last."""
    limits = [(1_024, 1_024)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.append(wanted))
    return limits


def test_connections_stay_below_the_descriptors(limits_of_this_process: list[tuple[int, int]]) -> None:
    assert within_descriptors(ConnectionLimits(1_000)).connections == 1_024 - OTHER_DESCRIPTORS
    assert within_descriptors(ConnectionLimits(100)).connections == 100


def test_the_soft_limit_of_descriptors_is_raised_to_what_is_needed(
    limits_of_this_process: list[tuple[int, int]],
) -> None:
    limits_of_this_process.append((1_024, 1_000_000))
    assert within_descriptors(ConnectionLimits(2_000)).connections == 2_000
    assert limits_of_this_process[-1] == (2_000 + OTHER_DESCRIPTORS, 1_000_000)
