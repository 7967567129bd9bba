"""JSON that every reader reads alike (I-JSON, RFC 7493): in UTF-8, of whole characters, and no object has a name twice.

Of a name that comes twice one program takes the first value and another the last: what a proxy has checked need not be what is
done here. Neither FastAPI's parser nor msgspec tells of it.
"""

from typing import Final

import jiter

_BOM: Final = b"\xef\xbb\xbf"
# Of the parser's message, which holds the name: it is the client's own, and may be long.
_SHOWN: Final = 100


class AmbiguousJson(ValueError):
    """Permanent: `what` is wrong, and at which `place` of the text ("line 1 column 7")."""

    def __init__(self, what: str, place: str) -> None:
        super().__init__(f"{what} ({place})")
        self.what = what


def refuse_ambiguous(raw: bytes) -> None:
    """
    Raises:
        AmbiguousJson: the text is not UTF-8, no JSON, or one that readers understand differently.
    """
    try:
        jiter.from_json(raw.removeprefix(_BOM), catch_duplicate_keys=True)
    except ValueError as error:
        what, _, place = str(error).rpartition(" at ")
        name = what.removeprefix("Detected duplicate key ")
        raise AmbiguousJson(what if name == what else f"the name {name[:_SHOWN]} comes twice", place) from None
