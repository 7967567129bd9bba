"""Keeps refused records in the topic of dead letters."""

from collections.abc import Sequence

import structlog

from ordercast.services.shared.kafka.admit import Refused
from ordercast.services.shared.kafka.dead_letters import dead_letter_of
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publish_dead_letters import publish_dead_letters
from ordercast.services.shared.telemetry.tracing import belonging_to

log = structlog.stdlib.get_logger()


class PublishDeadLetters:
    """Publishes a dead letter for each refused record; `ordercast dead-letters list` shows them."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def __call__(self, refused: Sequence[Refused]) -> None:
        """Returns when the dead letters are safe.

        Raises:
            BrokerUnavailable: the same ones may be published again, under the same ids.
            RecordRefused: the topic never takes one of them. The worker ends with an alarm: somebody has to look.
        """
        dead_letters = [dead_letter_of(item.record, item.reason) for item in refused]
        await publish_dead_letters(self._publisher, dead_letters)
        for item, dead_letter in zip(refused, dead_letters, strict=True):
            with belonging_to(item.traceparent):
                log.warning("record refused", dead_letter=dead_letter.id, reason=dead_letter.reason)
