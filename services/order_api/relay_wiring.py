"""Opens and closes all that the relay uses. Apart from the API's, so that its process loads none of the routes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from ordercast.server_certificates import checked_certificates
from ordercast.services.order_api.forget_expired import forget_expired
from ordercast.services.order_api.orders.outbox_signal import OutboxSignal
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.order_api.orders.watch_backlog import watch_backlog
from ordercast.services.order_api.orders.watch_certificates import watch_certificates
from ordercast.services.order_api.settings import RelaySettings
from ordercast.services.order_api.states.follow_erasures import follow_erasures
from ordercast.services.order_api.states.relay_states import FENCE, RelayStates
from ordercast.services.order_api.webhooks.forget_deliveries import forget_deliveries
from ordercast.services.order_api.webhooks.note_deliveries import GROUP, TOPICS, NoteDeliveries
from ordercast.services.order_api.webhooks.post_delivery import open_post_delivery
from ordercast.services.order_api.webhooks.send_deliveries import SendDeliveries
from ordercast.services.order_api.webhooks.watch_webhooks import watch_webhooks
from ordercast.services.shared.db.engine import ask_database, open_database
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.kafka.dead_letter_limits import Limits
from ordercast.services.shared.kafka.open_consumer import open_consumer
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.topic_ends import find_offsets
from ordercast.services.shared.process.background import running_beside

# A relay notes a shard's progress in a millisecond, so its shards share these; with many partitions one for each would use
# up PostgreSQL's.
RELAY_CONNECTIONS: Final = 9  # one of them hears of new events
# Of webhooks, with their own so that a hundred receivers that answer at once keep no order waiting.
WEBHOOK_CONNECTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Relay:
    """The relay's process as its health endpoints see it."""

    checks: Mapping[str, Check]


@asynccontextmanager
async def open_relay(settings: RelaySettings) -> AsyncIterator[Relay]:
    """A running relay. Its first error comes out of here: the process ends, and its supervisor starts it again."""
    async with (
        open_database(settings.database_url, application="relay", pool_size=RELAY_CONNECTIONS) as sessions,
        open_publisher(settings.kafka_bootstrap, client_id="order_api-relay") as publisher,
        _webhooks_beside(settings),
    ):
        signal = OutboxSignal(sessions)
        relay = RelayOutbox(
            sessions,
            publisher,
            partitions=settings.partitions,
            owner=settings.relay_id,
            limits=Limits(settings.max_dead_letters_in_a_row, settings.max_dead_letter_ratio),
            committed=signal.committed,
        )
        certificates = checked_certificates(settings.database_url, settings.kafka_bootstrap)
        states = RelayStates(
            sessions,
            partial(open_publisher, settings.kafka_bootstrap, client_id="order_api-relay-states", fence=FENCE),
            partitions=settings.partitions,
            owner=settings.relay_id,
        )
        async with (
            running_beside(partial(watch_backlog, sessions), name="watch-backlog"),
            running_beside(partial(watch_certificates, certificates), name="watch-certificates"),
            running_beside(
                partial(forget_expired, sessions, timedelta(days=settings.audit_days)), name="forget-expired"
            ),
            running_beside(signal.run, name="outbox-signal"),
            running_beside(relay.run, name="relay"),
            running_beside(states.run, name="relay-states"),
            running_beside(partial(follow_erasures, sessions, settings.partitions), name="follow-erasures"),
        ):
            yield Relay(checks={"database": Check(partial(ask_database, sessions))})


@asynccontextmanager
async def _webhooks_beside(settings: RelaySettings) -> AsyncIterator[None]:
    """Notes and sends deliveries. Nothing that fails here ends the relay."""
    async with (
        open_database(settings.database_url, application="relay-webhooks", pool_size=WEBHOOK_CONNECTIONS) as sessions,
        open_post_delivery(private=settings.webhook_private_addresses) as post,
    ):
        kafka = settings.kafka_bootstrap
        note = NoteDeliveries(
            sessions,
            lambda read: open_consumer(kafka, TOPICS, group=GROUP, member=settings.relay_id, read_positions=read),
            partial(find_offsets, kafka),
        )
        kept_for = timedelta(days=settings.webhook_days)
        async with (
            running_beside(partial(forget_deliveries, sessions, kept_for), name="forget-deliveries"),
            running_beside(SendDeliveries(sessions, post).run, name="send-deliveries"),
            running_beside(partial(watch_webhooks, sessions), name="watch-webhooks"),
            running_beside(note.run, name="note-deliveries"),
        ):
            yield
