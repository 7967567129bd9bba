"""What can go wrong between a service and Kafka."""


class KafkaError(Exception):
    """The tree's root."""


class BrokerUnavailable(KafkaError):
    """Transient: the broker cannot be reached or did not answer in time. Whether the records arrived is unknown."""


class RecordTooLarge(KafkaError):
    """Permanent: one record is larger than the broker takes."""


class PositionOutsideLog(KafkaError):
    """Permanent: a partition no longer, or not yet, holds the position that it is to be read from; events were lost."""
