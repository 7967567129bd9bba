"""What goes out at /audit."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ordercast.services.shared.audit.tables import AuditLine


class AuditAnswer(BaseModel):
    """`account_id` did it, `subject` is what it was done to; `trace_id` is that of the request's log lines."""

    id: int
    kind: str
    account_id: int | None
    subject: str | None
    address: str | None
    trace_id: str | None
    details: dict[str, Any]
    recorded_at: datetime

    @classmethod
    def of(cls, line: AuditLine) -> "AuditAnswer":
        return cls.model_validate(line, from_attributes=True)
