"""The header If-Match as a parameter of a route, and ETag in its description."""

from typing import Annotated, Any, Final

from fastapi import Header

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1_024,
        description='the ETag of what the change is made of: it is refused (412) if somebody changed that meanwhile. "*": any',
    ),
]
# Of a route whose answer has one.
TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"description": "names this state, for If-Match", "schema": {"type": "string"}}}}
}
