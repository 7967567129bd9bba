"""What OpenAPI says of a body of NDJSON, which FastAPI never sees as a whole."""

import json
from typing import Any

MEDIA_TYPE = "application/x-ndjson"


def ndjson_body(description: str, *lines: dict[str, Any]) -> dict[str, Any]:
    """For a route's `openapi_extra`, with these lines as the example."""
    example = "".join(json.dumps(line) + "\n" for line in lines)
    content = {MEDIA_TYPE: {"schema": {"type": "string"}, "example": example}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def nothing_came_in(model: Any) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of an import's route, whose answer has this model."""
    description = "Nothing came in: each line with its reason, or what is wrong with the whole"
    return {422: {"description": description, "model": model}}
