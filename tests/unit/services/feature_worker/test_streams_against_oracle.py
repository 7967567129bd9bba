"""Whatever the order, the repeats and the restarts: the table equals the one that pandas computes from the facts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.services.shared.kafka.memory import MemoryLog
from tests.support.drive import BATCHES, FATES, drive, memory_consumer, publish_history, replay_strangers
from tests.support.feature_tables import MemoryTable
from tests.support.histories import PARTITIONS, History, histories
from tests.support.oracle import activity_table, feature_table, trends_table


@pytest.mark.no_cover  # other tests run these lines; traced, it takes three times as long
@settings(max_examples=60)
@given(history=histories(), data=st.data())
async def test_any_stream_gives_the_oracles_table(history: History, data: st.DataObject) -> None:
    log, table = MemoryLog(), MemoryTable(PARTITIONS)
    consumer = memory_consumer(log, table, history)
    await publish_history(log, history)

    await drive(table, consumer, fate=lambda: data.draw(FATES), batch=lambda: data.draw(BATCHES))
    if history.strangers:  # refused, as they came without a number: only their replay counts
        assert await table.rows() == feature_table(history.known_facts)
        await replay_strangers(log, table, times=data.draw(st.integers(1, 3)))
        await drive(table, consumer, fate=lambda: data.draw(FATES), batch=lambda: data.draw(BATCHES))

    assert await table.rows() == feature_table(history.facts)
    assert await table.trends() == trends_table(history.facts)
    assert await table.activity() == activity_table(history.facts)
