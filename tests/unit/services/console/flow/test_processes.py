"""Which processes the console looks at, as they come and go."""

import json
from pathlib import Path

import httpx
import pytest

from ordercast.services.console.flow.processes import Processes
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
