"""SERVICE=COUNT on the command line."""

import pytest
import typer

from ordercast.cli.service_counts import read_scale


def test_scale_is_read_service_by_service() -> None:
    assert read_scale(["relay=3", "feature_worker=4"]) == {"relay": 3, "feature_worker": 4}


@pytest.mark.parametrize("option", ["relay", "relay=", "relay=0", "relay=many", "relay=17", "kafka=3", "=3"])
def test_a_scale_that_makes_no_sense_is_refused_with_what_would(option: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"order_api, relay.* from 1 to 16"):
        read_scale([option])


def test_a_service_is_named_once() -> None:
    with pytest.raises(typer.BadParameter, match="relay is named twice"):
        read_scale(["relay=1", "relay=2"])
