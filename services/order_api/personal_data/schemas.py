"""What goes in at an account's export and erasure."""

from fastapi.responses import StreamingResponse

from ordercast.services.order_api.accounts.schemas import TypedPassword
from ordercast.services.shared.http.requests import BodyModel


class ErasureRequest(BodyModel):
    """`password`: that of the caller's own account; another's needs none."""

    password: TypedPassword | None = None


class NdjsonResponse(StreamingResponse):
    media_type = "application/x-ndjson"
