"""kill -9 of each process in turn, under posting clients: nothing acknowledged is lost, nothing counts twice.

Clients post orders and batches of views with keys, repeat what was not answered, and cancel some orders. In the end every
acknowledged order is there once, and the feature table equals what pandas makes of orders and views.
"""

from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.local.processes import SERVICES
from ordercast.infra.local.system import running_system
from tests.support.offsets import free_offset
from tests.support.shopping import assert_all_counted_once, shopping

# Between two kills each client must have got this many answers: the system works again, under load.
ANSWERS_BETWEEN_KILLS: Final = 5
VICTIMS: Final = ("order_api", "relay", "feature_worker", "predictor", "trainer", "console", "kafka", "postgres")


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_counted_twice_when_each_process_is_killed_in_turn(tmp_path: Path) -> None:
    async with running_system(tmp_path / "state", free_offset()) as system:
        async with shopping(system) as tally:
            for victim in VICTIMS:
                await tally.until_all_got(ANSWERS_BETWEEN_KILLS)
                system.kill(victim)
                with tally.slowly():
                    await system.until_healthy(victim, timeout_s=90)
            await tally.until_all_got(ANSWERS_BETWEEN_KILLS)
        await assert_all_counted_once(system, tally)


def test_the_list_of_victims_is_whole() -> None:
    assert {*SERVICES, "kafka", "postgres"} == set(VICTIMS)
