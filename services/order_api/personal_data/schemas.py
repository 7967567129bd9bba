"""What goes in at an account's export and erasure."""

from fastapi.responses import StreamingResponse

from ordercast.services.shared.http.requests import BodyModel, StoredText


class ErasureRequest(BodyModel):
    """`password`: that of the caller's own account; another's needs none."""

    password: StoredText | None = None


class NdjsonResponse(StreamingResponse):
    media_type = "application/x-ndjson"
