"""One list of limits: who keeps a copy of its own has the same."""

from ordercast.contracts import limits
from ordercast.services.shared.kafka.publisher import MAX_BATCH_BYTES
from ordercast.services.shared.kafka.topics import ADMITTANCE
from ordercast.verify import view_events


def test_verify_which_shares_no_code_with_what_it_judges_has_the_same_limits() -> None:
    assert view_events.COUNT_MAX == limits.MAX_VIEWS
    assert view_events.BIGINT_MAX == limits.MAX_BIGINT
    assert view_events.BODY_MAX_BYTES == limits.MAX_BODY_BYTES
    assert view_events.EPOCH == limits.EARLIEST


def test_the_largest_event_fits_into_a_batch_and_a_batch_into_the_topics() -> None:
    assert limits.MAX_BODY_BYTES < MAX_BATCH_BYTES < int(ADMITTANCE["max.message.bytes"])
