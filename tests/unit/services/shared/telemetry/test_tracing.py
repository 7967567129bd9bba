"""Spans of work on many traces at once, and which trace the log lines belong to."""

import pytest
from opentelemetry.trace import SpanKind

from ordercast.services.shared.telemetry.tracing import (
    Operation,
    belonging_to,
    current_span,
    current_trace_id,
    current_traceparent,
    leave,
    make_current,
    sending,
    spans,
    start_request,
)
from tests.support.recorded_spans import parent_of, recorded_spans, traceparent_of

ANN = f"00-{'aa' * 16}-{'01' * 8}-01"
BEN = f"00-{'bb' * 16}-{'02' * 8}-01"
NOT_SAMPLED = f"00-{'cc' * 16}-{'03' * 8}-00"
PLACING = Operation("place order", SpanKind.CLIENT, {"db.system.name": "postgresql"})


def test_each_sampled_trace_gets_a_child_of_its_own_and_hands_it_on() -> None:
    with recorded_spans() as recorded, spans((PLACING, [ANN, BEN, None, NOT_SAMPLED, "nonsense"])) as [handed_on]:
        assert recorded.all == []
    assert recorded.names == ["place order", "place order"]
    assert {parent_of(span) for span in recorded.all} == {"01" * 8, "02" * 8}
    assert list(handed_on[:2]) == [traceparent_of(span) for span in recorded.all]
    assert handed_on[0].startswith(f"00-{'aa' * 16}")  # type: ignore[union-attr]
    assert list(handed_on[2:]) == [None, NOT_SAMPLED, "nonsense"]


def test_pieces_of_one_request_share_a_span_that_counts_them() -> None:
    with recorded_spans() as recorded, spans((sending("views", 3), [ANN, ANN, BEN])) as [handed_on]:
        assert handed_on[0] == handed_on[1] != handed_on[2]
    of_ann, of_ben = recorded.all
    assert of_ann.name == "send views"
    assert of_ann.kind is SpanKind.PRODUCER
    assert dict(of_ann.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "views",
        "messaging.destination.partition.id": "3",
        "messaging.batch.message_count": 2,
    }
    assert "messaging.batch.message_count" not in (of_ben.attributes or {})


def test_work_that_fails_leaves_failed_spans_with_the_errors_name_and_not_its_words() -> None:
    def fail() -> None:
        raise ValueError("secret")

    with recorded_spans() as recorded, pytest.raises(ValueError, match="secret"), spans((PLACING, [ANN, BEN])):
        fail()
    for span in recorded.all:
        assert not span.status.is_ok
        assert (span.attributes or {})["error.type"] == "ValueError"
        assert "secret" not in span.to_json()


def test_without_a_tracer_traceparents_are_handed_on_as_they_came() -> None:
    traceparents = [ANN, None, BEN]
    with spans((PLACING, traceparents)) as [handed_on]:
        assert handed_on is traceparents


@pytest.mark.parametrize("traceparents", [[ANN, BEN], [ANN, None], [None], ["nonsense"], []])
def test_work_for_several_traces_or_none_belongs_to_none(traceparents: list[str | None]) -> None:
    with recorded_spans(), spans((PLACING, traceparents)):
        assert current_trace_id() is None


@pytest.mark.parametrize("traceparents", [[ANN], [ANN, ANN]])
def test_work_for_one_trace_belongs_to_it(traceparents: list[str | None]) -> None:
    with spans((PLACING, traceparents)):
        assert current_traceparent() == ANN
        assert not current_span().is_recording()
    with recorded_spans() as recorded, spans((PLACING, traceparents), (PLACING, [])):
        own = current_traceparent()
    assert own == traceparent_of(recorded.all[0])
    assert current_trace_id() is None


def test_inside_of_a_batch_a_single_piece_can_be_told_of() -> None:
    with spans((PLACING, [ANN, BEN])):
        with belonging_to(BEN):
            assert current_trace_id() == "bb" * 16
            with belonging_to("nonsense"):
                assert current_trace_id() is None
        assert current_trace_id() is None


def test_an_unsampled_trace_goes_on_unsampled_and_leaves_no_span() -> None:
    with recorded_spans(sampled=0.0) as recorded:
        request = start_request("POST", None, {})
        token = make_current(request)
        traceparent = current_traceparent()
        with spans((PLACING, [traceparent])) as [handed_on]:
            assert list(handed_on) == [traceparent]
        leave(token)
        request.end()
    assert recorded.all == []
    assert traceparent is not None
    assert int(traceparent[-2:], 16) & 1 == 0


def test_a_sampled_client_is_followed_whatever_the_share() -> None:
    with recorded_spans(sampled=0.0) as recorded:
        start_request("POST", ANN, {}).end()
        start_request("POST", NOT_SAMPLED, {}).end()
    assert [parent_of(span) for span in recorded.all] == ["01" * 8]
