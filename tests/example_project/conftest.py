"""The service under test, beside a running Ordercast."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from infra.ledger import Ledger
from services.loyalty.follow_orders import running_loyalty

from ordercast.testing import Ordercast

pytest_plugins = ["ordercast.testing.plugin"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture
async def loyalty(ordercast: Ordercast, ledger: Ledger, tmp_path: Path) -> AsyncIterator[Ledger]:
    """The service on the topics of the running Ordercast; what it keeps.

    Its group is new in each test, so that it finds no positions of another one.
    """
    async with running_loyalty(ordercast.system.kafka_bootstrap, ledger, group=tmp_path.name):
        yield ledger
