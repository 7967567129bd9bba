"""What a check found. Apart from the checks: those of a system elsewhere need nothing that is installed for one here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `hint` says how to fix it, where something is wrong."""

    check: str
    healthy: bool
    detail: str
    hint: str = ""
