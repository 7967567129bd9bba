"""Opens and closes all that feature_worker uses, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from ordercast.contracts.topics import ORDERS, PREDICTIONS, VIEWS
from ordercast.services.feature_worker.consume import ConsumeEvents
from ordercast.services.feature_worker.forget_streams import ForgetStreams
from ordercast.services.feature_worker.prediction_answers import ForgetPredictions
from ordercast.services.feature_worker.publish_dead_letters import PublishDeadLetters
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.rebuild import RebuildFeatures, Report
from ordercast.services.feature_worker.record_features import RecordFeatures
from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.feature_worker.shadow_tables import SHADOW
from ordercast.services.feature_worker.watch_numbers import WatchNumbers
from ordercast.services.feature_worker.watchdog import Progress, Watchdog, dead_mans_switch
from ordercast.services.shared.db.engine import ask_database, open_database
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.kafka.admit import admit
from ordercast.services.shared.kafka.dead_letter_limits import Limits
from ordercast.services.shared.kafka.open_consumer import open_consumer, open_reader
from ordercast.services.shared.kafka.ports import Consumer
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition
from ordercast.services.shared.process.background import running_beside

TOPICS: Final = (ORDERS.name, VIEWS.name, PREDICTIONS.name)
# A batch takes well under a second; a statement that waits longer (ms) is given up and tried again.
STATEMENT_TIMEOUT_MS: Final = 10_000
# Comparing two tables of many millions of rows takes minutes (ms).
REBUILD_STATEMENT_TIMEOUT_MS: Final = 30 * 60_000


@dataclass(frozen=True, slots=True)
class FeatureWorker:
    """The worker's process as its health endpoints see it."""

    checks: Mapping[str, Check]


@asynccontextmanager
async def open_feature_worker(settings: FeatureWorkerSettings) -> AsyncIterator[FeatureWorker]:
    """A running worker. An alarm comes out of here: the process ends, and its supervisor starts it again.

    Raises:
        BrokerUnavailable: no broker answers at the start.
    """
    with dead_mans_switch() as switch:
        async with (
            open_database(
                settings.database_url,
                application="feature_worker",
                pool_size=4,
                statement_timeout_ms=STATEMENT_TIMEOUT_MS,
            ) as sessions,
            open_publisher(settings.kafka_bootstrap, client_id="feature_worker") as publisher,
            open_consumer(
                settings.kafka_bootstrap,
                TOPICS,
                group=settings.worker_group,
                member=settings.worker_id,
                read_positions=ReadStartPositions(sessions),
                session_timeout_s=settings.worker_session_s,
            ) as consumer,
        ):
            progress = Progress(settings.worker_stuck_after_s)
            record = RecordFeatures(
                sessions,
                admit=partial(admit, partitions=settings.partitions),
                keep_refused=PublishDeadLetters(publisher),
                limits=Limits(settings.max_dead_letters_in_a_row, settings.max_dead_letter_ratio),
            )
            consume = ConsumeEvents(
                consumer,
                record,
                progress,
                max_records=settings.worker_batch_events,
                give_up_after_s=settings.worker_stuck_after_s,
                alarm_shown_s=settings.worker_alarm_shown_s,
            )
            numbers = WatchNumbers(sessions)
            watchdog = Watchdog(consumer, progress, switch)
            async with (
                running_beside(ForgetStreams(sessions).run, name="forget-streams"),
                running_beside(ForgetPredictions(sessions).run, name="forget-predictions"),
                running_beside(numbers.run, name="watch-numbers"),
                running_beside(watchdog.run, name="watchdog"),
                running_beside(consume.run, name="consume"),
            ):
                yield FeatureWorker(
                    checks={
                        "database": Check(partial(ask_database, sessions)),
                        "kafka": Check(watchdog.ask_kafka),
                        "alarm": Check(consume.check),
                        "numbers": Check(numbers.check, required=False),
                    }
                )


@asynccontextmanager
async def open_rebuild(settings: FeatureWorkerSettings, report: Report) -> AsyncIterator[RebuildFeatures]:
    """The rebuild, ready to run. Kafka is opened when it reads."""
    url = settings.database_url
    timeout_ms = REBUILD_STATEMENT_TIMEOUT_MS
    async with (
        open_database(url, application="rebuild", pool_size=3, statement_timeout_ms=timeout_ms) as live,
        open_database(url, application="rebuild", statement_timeout_ms=timeout_ms, search_path=SHADOW) as shadow,
    ):

        def open_one(partition: Partition, place: ReadStartPositions) -> AbstractAsyncContextManager[Consumer]:
            return open_reader(settings.kafka_bootstrap, [partition], read_positions=place)

        admit_here = partial(admit, partitions=settings.partitions)
        yield RebuildFeatures(live, shadow, open_reader=open_one, admit=admit_here, report=report)
