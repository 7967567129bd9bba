"""Which processes the console looks at, as they come and go."""

import json
import socket
from pathlib import Path

import httpx
import pytest

from ordercast.services.console.flow.processes import Processes, addresses_of, service_of
from ordercast.services.console.flow.watch import Watch

TOLD = {"order_api": "http://orders", "relay": "http://relay"}


async def test_a_process_that_comes_is_seen_at_the_next_look_and_one_that_goes_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "processes.json"
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"checks": {}})))
    watch = Watch(http, Processes(TOLD, file))
    seen = []
    for more in ({}, {"relay-2": "http://second"}, {}):
        file.write_text(json.dumps(TOLD | more))
        await watch.look()
        seen.append([state.name for state in (await watch.looks())[-1].services])
    assert seen == [["order_api", "relay"], ["order_api", "relay", "relay-2"], ["order_api", "relay"]]


def test_they_stand_in_the_order_of_the_flow_and_the_console_is_not_among_them(tmp_path: Path) -> None:
    names = ["console", "feature_worker", "feature_worker-10", "order_api", "prometheus", "feature_worker-2", "relay"]
    file = tmp_path / "processes.json"
    file.write_text(json.dumps({name: f"http://{name}" for name in names}))
    expected = ["order_api", "relay", "feature_worker", "feature_worker-2", "feature_worker-10"]
    processes = Processes(TOLD, file)
    assert list(processes.now()) == expected
    assert list(processes.of("feature_worker")) == expected[2:]


@pytest.mark.parametrize("text", [None, "", "[1]", '{"relay": 1}', "{}"])
def test_without_a_file_that_names_some_they_are_those_of_the_settings(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "processes.json"
    if text is not None:
        file.write_text(text)
    assert Processes(TOLD, file).now() == TOLD
    assert Processes(TOLD).now() == TOLD


class Names:
    """Who has which addresses; of a name that is not there nobody knows any."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known
        self.fails: Exception | None = None

    async def resolve(self, host: str) -> list[str]:
        if self.fails is not None:
            raise self.fails
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} is not known")
        return self.known[host]


async def test_each_process_behind_one_name_is_seen_as_they_come_and_go() -> None:
    names = Names(relay=["10.0.0.7", "10.0.0.8"])
    processes = Processes({"order_api": "http://orders:8000", "relay": "http://relay:8004"}, resolve=names.resolve)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"checks": {}})))
    watch = Watch(http, processes)
    seen = []
    for relays in (["10.0.0.7", "10.0.0.8"], ["10.0.0.8", "fd00::9"], ["10.0.0.8"]):
        names.known["relay"] = relays
        await watch.look()
        seen.append([state.name for state in (await watch.looks())[-1].services])
        if len(relays) > 1:
            assert list(processes.of("relay")) == [f"relay-{one}" for one in relays]
    assert seen == [
        ["order_api", "relay-10.0.0.7", "relay-10.0.0.8"],
        ["order_api", "relay-10.0.0.8", "relay-fd00::9"],
        ["order_api", "relay"],
    ]
    assert processes.now() == {"order_api": "http://orders:8000", "relay": "http://relay:8004"}
    names.known["relay"] = ["10.0.0.8", "fd00::9"]
    await processes.find()
    assert list(processes.of("relay").values()) == ["http://10.0.0.8:8004", "http://[fd00::9]:8004"]


async def test_a_load_balancer_with_two_addresses_is_one_and_is_asked_by_its_name() -> None:
    told = {"order_api": "http://shop:80/orders", "trainer": "http://shop:80/trainer", "predictor": "http://shop:80"}
    processes = Processes(told, resolve=Names(shop=["10.0.0.7", "10.0.0.8"]).resolve)
    await processes.find()
    assert processes.now() == told


async def test_each_process_behind_a_load_balancer_is_seen_where_one_is_told_how_to_reach_them() -> None:
    told = {"order_api": "http://shop/orders", "relay": "http://relay:8004", "predictor": "http://shop/predictor"}
    told |= {"predictor-2": "http://shop/other"}
    names = Names(shop=["10.0.0.1", "10.0.0.2"], relay=["10.0.0.3"], orders=["10.0.0.7"])
    each = {"predictor": "http://predictors:8002", "order_api": "http://orders:8000"}
    processes = Processes(told, resolve=names.resolve, each=each)
    seen = []
    for names.known["predictors"] in ([], ["10.0.0.8"], ["10.0.0.8", "10.0.0.9"]):
        await processes.find()
        seen.append(list(processes.now().values()))
    assert seen == [
        ["http://orders:8000", "http://relay:8004", "http://predictors:8002"],
        ["http://orders:8000", "http://relay:8004", "http://predictors:8002"],
        ["http://orders:8000", "http://relay:8004", "http://10.0.0.8:8002", "http://10.0.0.9:8002"],
    ]
    assert list(processes.of("predictor")) == ["predictor-10.0.0.8", "predictor-10.0.0.9"]


@pytest.mark.parametrize("url", ["http://nobody:8004", "https://relay:8004"])
async def test_a_name_that_nobody_has_or_that_has_a_certificate_stays_as_it_was_told(url: str) -> None:
    processes = Processes({"relay": url}, resolve=Names(relay=["10.0.0.7", "10.0.0.8"]).resolve)
    await processes.find()
    assert processes.now() == {"relay": url}


@pytest.mark.parametrize(
    "fails", [TimeoutError(), socket.gaierror(socket.EAI_AGAIN, "try again"), OSError("too many open files")]
)
async def test_the_processes_that_were_found_hold_while_a_look_up_is_slow_or_fails(fails: Exception) -> None:
    names = Names(relay=["10.0.0.7", "10.0.0.8"])
    processes = Processes({"relay": "http://relay:8004"}, resolve=names.resolve)
    found = []
    for names.fails in (fails, None, fails, None):
        await processes.find()
        found.append(list(processes.now()))
    several = ["relay-10.0.0.7", "relay-10.0.0.8"]
    assert found == [["relay"], several, several, several]
    del names.known["relay"]
    await processes.find()
    assert list(processes.now()) == ["relay"]


@pytest.mark.parametrize("url", [f"http://{'x' * 64}.shop:8004", "http://[relay:8004", "http://relay..shop:8004"])
async def test_an_address_that_is_none_is_one_that_does_not_answer(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        watch = Watch(http, Processes({"relay": url}, resolve=addresses_of))
        await watch.look()
        [state] = (await watch.looks())[-1].services
    assert (state.name, bool(state.away)) == ("relay", True)


async def test_a_machine_with_an_address_of_each_family_is_one() -> None:
    assert len(await addresses_of("localhost")) == 1


@pytest.mark.parametrize(
    ("process", "service"),
    [
        ("relay", "relay"),
        ("relay-2", "relay-2"),
        ("feature_worker-10.0.0.7", "feature_worker"),
        ("relay-fd00::9", "relay"),
    ],
)
def test_one_of_several_is_started_again_with_the_others(process: str, service: str) -> None:
    assert service_of(process) == service
