"""What the demo says at its end."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ordercast.demo.closing_words import Shown, closing_words
from ordercast.demo.demand_steps import BASELINE, DEMAND
from ordercast.infra.local.state import StateFolder
from ordercast.system.target import LocalSystem


def words(target: Any) -> str:
    history = SimpleNamespace(market=SimpleNamespace(until=date(2026, 3, 1)))
    sent: Any = SimpleNamespace(moment=date(2026, 1, 5), history=history)
    standing = [
        SimpleNamespace(name=name, deviance=1.0, over_floor=0.02, said=3.0) for name in (DEMAND, BASELINE, "mean")
    ]
    asked: Any = SimpleNamespace(standing=standing)
    return "\n".join(closing_words(Shown(sent, asked, asked), target))


def test_one_s_own_shop_is_started_on_a_state_without_the_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    info: Any = SimpleNamespace(port_offset=0, urls={"console": "http://127.0.0.1:8005"})
    assert "ordercast up --state .ordercast-shop " in words(LocalSystem(StateFolder(tmp_path / ".ordercast"), info))
    elsewhere = LocalSystem(StateFolder(Path("/srv/demo")), info)
    assert "ordercast up --state /srv/demo-shop " in words(elsewhere)


def test_a_system_that_somebody_else_runs_is_not_started() -> None:
    against: Any = SimpleNamespace(addresses=SimpleNamespace(order_api="http://shop.example"))
    assert "--state" not in words(against)
