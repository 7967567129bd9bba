"""What the boxes of the flow's picture say."""

import re

import pytest

from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.flow.picture import NARROW
from ordercast.services.console.flow.read_flow import flow_of
from ordercast.services.console.flow.watch import Look
from ordercast.services.console.overview.look_at_services import ServiceState
from ordercast.services.console.parts import Missing
from tests.support.console_answers import NOW
from tests.support.console_pages import drawn


@pytest.mark.parametrize(("pairs", "asked"), [(0, False), (3, True)])
def test_nobody_asked_stands_where_nobody_did(pairs: int, asked: bool) -> None:
    """What is said of pairs goes through no network of views, so that no time is measured."""
    looks = []
    for at_s in (0.0, 2.0):
        text = f'ordercast_predictions_total{{kind="pair"}} {pairs * at_s}\n'
        state = ServiceState("predictor", failing={}, numbers=Numbers.of(text))
        looks.append(Look(at_s, NOW, [state], {"predictor": state.numbers}))
    page = drawn("flow_picture.html", picture=NARROW, flow=flow_of(looks), letters=Missing("order_api", "not asked"))
    box = re.search(r'<g id="narrow-predictor".*?</g>', page, re.DOTALL)
    assert box
    assert ("nobody asked" in box[0]) is not asked
