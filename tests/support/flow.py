"""What was accepted, carried on to the feature table within this process: outbox, Kafka, worker."""

from collections.abc import Sequence
from functools import partial

from ordercast.contracts.topics import ORDERS, VIEWS
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.record_features import RecordFeatures
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.admit import Refused, admit
from ordercast.services.shared.kafka.open_consumer import open_reader
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition
from tests.support.caught_up import caught_up
from tests.support.fresh_topics import FreshTopics


async def relay_all(sessions: Sessions, topics: FreshTopics) -> None:
    """Publishes the outbox until it is empty, as a relay does."""
    async with open_publisher(topics.bootstrap, client_id="test-relay") as publisher:
        relay = RelayOutbox(sessions, publisher, partitions=topics.partitions, owner="test")
        await relay.create_leases()
        await relay.renew_leases()
        while await relay.relay_once():
            pass


async def count_all(sessions: Sessions, topics: FreshTopics) -> None:
    """Applies what the topics hold to the feature table, as a worker does; none of it may be refused."""
    partitions = [Partition(topic.name, n) for topic in (ORDERS, VIEWS) for n in range(topics.partitions)]
    record = RecordFeatures(
        sessions, admit=partial(admit, partitions=topics.partitions), keep_refused=_nothing_is_refused
    )
    async with open_reader(topics.bootstrap, partitions, read_positions=ReadStartPositions(sessions)) as reader:
        while any((await caught_up(topics.bootstrap, sessions)).values()):
            if slices := await reader.poll(max_records=20_000, timeout_s=0.5):
                await record(slices)


async def _nothing_is_refused(refused: Sequence[Refused]) -> None:
    raise AssertionError(refused[0].reason)
