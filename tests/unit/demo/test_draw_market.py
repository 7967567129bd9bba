"""The picture can be drawn of a market with products of each kind and of one without; what it shows is for eyes."""

from datetime import date
from pathlib import Path

import pytest

from ordercast.demo.draw_market import draw_market
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.simulate import simulate

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("products", [1, 20])
def test_a_png_is_written_of_any_market(tmp_path: Path, products: int) -> None:
    draw_market(tmp_path / "weeks.png", simulate(make_market(1, date(2026, 3, 1), accounts=10, products=products)))
    assert (tmp_path / "weeks.png").read_bytes().startswith(PNG)
