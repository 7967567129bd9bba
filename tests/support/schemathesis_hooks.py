"""What schemathesis has to be taught: its command loads this by the variable SCHEMATHESIS_HOOKS."""

from typing import Any

import schemathesis
from schemathesis.transport import SerializationContext


@schemathesis.serializer("application/x-ndjson")
def ndjson(_: SerializationContext, value: Any) -> Any:
    """The document describes these bodies as text."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
