"""What can go wrong between a service and Kafka."""


class KafkaError(Exception):
    """The tree's root."""


class BrokerUnavailable(KafkaError):
    """Transient: the broker cannot be reached or did not answer in time.

    The first `arrived` of the records that were to be published have arrived for certain; some more of them may have.
    """

    def __init__(self, reason: str, *, arrived: int = 0) -> None:
        super().__init__(reason)
        self.arrived = arrived


class NotSent(BrokerUnavailable):
    """Transient, and certain: none of the records was sent. There is no broker, or the topic takes nothing at present."""


class RecordRefused(KafkaError):
    """Permanent: the broker does not take one of the records, whenever it comes.

    The first `arrived` of those that were to be published have arrived, and none of the others.
    """

    def __init__(self, reason: str, *, arrived: int = 0) -> None:
        super().__init__(reason)
        self.arrived = arrived


class RecordTooLarge(KafkaError):
    """Permanent: one record is larger than the reader takes."""


class PositionOutsideLog(KafkaError):
    """Permanent: a partition no longer, or not yet, holds the position that it is to be read from; events were lost."""
