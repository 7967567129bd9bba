"""What comes in and goes out at /dead-letters."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import BaseModel, Field, StringConstraints

from ordercast.contracts.because import Sentence
from ordercast.contracts.events import EVENT_TYPES
from ordercast.contracts.json_schema import event_schema
from ordercast.contracts.limits import MAX_BODY_BYTES
from ordercast.services.order_api.dead_letters.check_record import Checked
from ordercast.services.order_api.dead_letters.read_dead_letters import Summary
from ordercast.services.order_api.dead_letters.repair import Edit, Outcome
from ordercast.services.shared.db.dead_letter_states import State
from ordercast.services.shared.http.requests import BodyModel, RequestModel
from ordercast.services.shared.kafka.dead_letters import DeadLetter

# Dead letters of one request: each may be half a megabyte.
MOST_AT_ONCE: Final = 100
MAX_HEADERS: Final = 100
# A topic's name has 249 characters.
MAX_ID_LENGTH: Final = 300

# TOPIC:PARTITION:OFFSET.
DeadLetterId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]


class Header(RequestModel):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    value: Annotated[str, StringConstraints(max_length=16_384)]


class DeadLetterReplayRequest(BodyModel):
    """Without a body and headers the record goes as it was. Its numbers are always those of the replay."""

    body: Annotated[str, StringConstraints(max_length=MAX_BODY_BYTES)] | None = None
    headers: Annotated[list[Header], Field(max_length=MAX_HEADERS)] | None = None
    dry_run: bool = False

    def edit(self) -> Edit:
        return Edit(
            None if self.body is None else self.body.encode(),
            None if self.headers is None else [(header.name, header.value.encode()) for header in self.headers],
        )


class DeadLettersRequest(BodyModel):
    ids: Annotated[list[DeadLetterId], Field(min_length=1, max_length=MOST_AT_ONCE)]
    dry_run: bool = False


class FieldErrorAnswer(BaseModel):
    """`field` is such as `headers.ce_time` or `body.items[0].quantity`."""

    field: str
    message: str


class CheckedAnswer(BaseModel):
    """`refusal` is what the worker says to the record; null: it takes it. `errors` is how it differs from the contract."""

    refusal: str | None
    errors: list[FieldErrorAnswer]
    sent: bool

    @classmethod
    def of(cls, checked: Checked, *, sent: bool) -> "CheckedAnswer":
        errors = [FieldErrorAnswer(field=error.field, message=error.message) for error in checked.errors]
        return cls(refusal=checked.refusal, errors=errors, sent=sent)


class LeftAnswer(BaseModel):
    """`because` is the reason as data, a code and its values; null where there is only the sentence."""

    id: str
    reason: str
    because: dict[str, Any] | None = None

    @classmethod
    def of(cls, id_: str, reason: str) -> "LeftAnswer":
        because = msgspec.to_builtins(reason.because) if isinstance(reason, Sentence) else None
        return cls(id=id_, reason=str(reason), because=because)


class OutcomeAnswer(BaseModel):
    """`done`: the ids of those with which it was done, or in a dry run would be; `left`: the others, with the reason."""

    done: list[str]
    left: list[LeftAnswer]

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeAnswer":
        return cls(done=outcome.done, left=[LeftAnswer.of(id_, why) for id_, why in outcome.left.items()])


class DeadLetterAnswer(BaseModel):
    """A refused record, which lies in `topic`, `partition`, `offset`. `accepted_at` is its time in Kafka.

    `state`: waiting for a replay; replayed; discarded, so that it never counts; applied, because it was counted after all.
    """

    id: str
    state: State
    reason: str
    topic: str
    partition: int
    offset: int
    key: str
    type: str | None
    accepted_at: datetime
    is_cut: bool

    @classmethod
    def of(cls, summary: Summary, state: State) -> "DeadLetterAnswer":
        return cls(**_told(summary, state))


class WholeDeadLetterAnswer(DeadLetterAnswer):
    """With the record itself; `is_text` says whether its body is UTF-8, else what is not stands as U+FFFD. `contract` is the JSON
    Schema of the body, if the type is known."""

    headers: list[Header]
    body: str
    is_text: bool
    check: CheckedAnswer
    contract: dict[str, Any] | None

    @classmethod
    def whole(cls, dead_letter: DeadLetter, state: State, checked: Checked) -> "WholeDeadLetterAnswer":
        summary, value = Summary.of(dead_letter), dead_letter.record.value or b""
        body = value.decode(errors="replace")
        return cls(
            **_told(summary, state),
            headers=[
                Header.model_construct(name=name, value=(header or b"").decode(errors="replace"))
                for name, header in dead_letter.record.headers
            ],
            body=body,
            is_text=body.encode() == value,
            check=CheckedAnswer.of(checked, sent=False),
            contract=event_schema(summary.event_type) if summary.event_type in EVENT_TYPES else None,
        )


def _told(summary: Summary, state: State) -> dict[str, Any]:
    return {
        "id": summary.id,
        "state": state,
        "reason": summary.reason,
        "topic": summary.origin.topic,
        "partition": summary.origin.number,
        "offset": summary.offset,
        "key": summary.key,
        "type": summary.event_type,
        "accepted_at": summary.accepted_at,
        "is_cut": summary.is_cut,
    }
