"""What somebody has typed into a form that could not be done: it is shown, so that it is not lost."""

from typing import Final

from fastapi import Request

FORM: Final = "application/x-www-form-urlencoded"
# What a form brings by itself, and what is shown to nobody.
_NOT_TYPED: Final = frozenset({"csrf", "after", "key", "known", "before", "password"})


async def typed_in(request: Request) -> list[tuple[str, str]]:
    """Each field that is not empty, of a form without a file, or of a filter."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in ("GET", "HEAD"):
        sent = request.query_params.multi_items()
    elif kind == FORM:
        # Read before by what handles the request: it is remembered there.
        sent = [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]
    else:
        sent = []
    return [(name, value) for name, value in sent if value.strip() and name not in _NOT_TYPED]
