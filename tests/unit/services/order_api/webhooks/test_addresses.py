"""Nothing is sent to where only the own network gets to, however its address is written."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.errors import AddressRefused
from ordercast.services.order_api.webhooks.addresses import LookUpByThreads, address_of, is_public

FORBIDDEN = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.100.100.200", "198.18.0.1", "224.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::"),
    "2001:0:5ef5:79fd:0:0:f5ff:fffe",  # Teredo
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_it_is_forbidden(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_it_is_allowed(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_as_allowed_as_by_itself(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        assert is_public(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))) == is_public(address)


@pytest.fixture
async def look_up() -> AsyncIterator[LookUpByThreads]:
    with ThreadPoolExecutor(1) as threads:
        yield LookUpByThreads(threads)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "localhost", "::1"])
async def test_no_way_to_write_the_own_machine_gets_there(host: str, look_up: LookUpByThreads) -> None:
    with pytest.raises(AddressRefused, match="not a public one"):
        await address_of(host, private=False, look_up=look_up)


async def test_a_name_that_nobody_answers_for_keeps_no_other_one_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    release, asked = threading.Event(), list[str]()

    def resolver(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host == "silent.example":
            release.wait()
            raise socket.gaierror("nobody answers")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with ThreadPoolExecutor(2) as threads:
        look_up = LookUpByThreads(threads)
        waiting = [asyncio.create_task(look_up("silent.example")) for _ in range(5)]
        try:
            async with asyncio.timeout(20):
                assert await look_up("shop.example") == ["1.1.1.1"]
            waiting[0].cancel()  # one that is given up takes nothing from the others
        finally:
            release.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] + [socket.gaierror] * 4
        assert asked.count("silent.example") == 1
        assert await look_up("shop.example") == ["1.1.1.1"]
        assert asked.count("shop.example") == 2  # anew for each delivery


async def test_a_setting_allows_it(look_up: LookUpByThreads) -> None:
    assert await address_of("127.0.0.1", private=True, look_up=look_up) == "127.0.0.1"


@pytest.mark.parametrize("found", [["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"], []])
async def test_one_forbidden_address_among_others_or_none_at_all_is_refused(found: Sequence[str]) -> None:
    async def look_up(_: str) -> Sequence[str]:
        return found

    with pytest.raises(AddressRefused, match=r"shop\.example"):
        await address_of("shop.example", private=False, look_up=look_up)
