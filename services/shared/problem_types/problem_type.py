"""One kind of error answer: what programs know it by, and what its page says to people."""

from dataclasses import dataclass
from typing import Final

# Below it each kind has its page, at the address that its answers name in `type`.
PAGES: Final = "/problems"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What all problems of one kind have in common.

    `slug` identifies the kind to programs, as "/problems/<slug>" in the member `type`. `happened` and `remedy` are what its page
    says. `retry_after` (s) marks a transient one: the same request may succeed later, and the answer says when to try.
    """

    slug: str
    status: int
    title: str
    happened: str = ""
    remedy: str = ""
    retry_after: int | None = None

    @property
    def address(self) -> str:
        """Of its page, for the member `type`."""
        return f"{PAGES}/{self.slug}"


@dataclass(frozen=True, slots=True)
class BareStatus(ProblemType):
    """A status without a kind of its own: RFC 9457 calls it about:blank, and the title is the status's phrase."""

    @property
    def address(self) -> str:
        return "about:blank"
