"""The headers ETag and If-Match (RFC 9110): a change is made of what its sender has seen, or not at all."""

import re
from typing import Final

# A tag as If-Match names it. One that a proxy made weak (W/) is not the one that was given: it never fits.
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def entity_tag(*parts: object) -> str:
    """A tag of what tells one state from another; they have no character that a tag cannot have."""
    return '"' + ".".join(map(str, parts)) + '"'


def fits(if_match: str | None, tag: str) -> bool:
    """Whether a change with this header may be made of the state with this tag. Without the header it may."""
    if if_match is None or if_match.strip() == "*":
        return True
    return any(not weak and f'"{named}"' == tag for weak, named in _TAG.findall(if_match))
