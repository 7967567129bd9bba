"""Finds the profile of a header."""

from collections.abc import Sequence

from ordercast.imports.errors import Undecided
from ordercast.imports.profiles.known import GENERIC, PROFILES, Profile
from ordercast.imports.profiles.mapping import Subject, plain


def recognise(header: Sequence[str], subject: Subject, name: str | None = None) -> Profile:
    """The profile of that name, or else the one whose columns are there.

    Raises:
        Undecided: there is none of that name, or it has nothing of the subject.
    """
    if name is not None:
        found = next((profile for profile in PROFILES if profile.name == name), None)
        if found is None or subject not in found.mappings:
            known = ", ".join(profile.name for profile in PROFILES if subject in profile.mappings)
            raise Undecided(f"there is no profile {name} for {subject}", hint=f"there are {known}")
        return found
    names = {plain(cell) for cell in header}
    for profile in PROFILES:
        if all(any(plain(name) in names for name in choice) for choice in profile.header):
            if subject not in profile.mappings:
                held = " and ".join(profile.mappings)
                raise Undecided(
                    f"this is a file of {profile.name}: it holds {held}, no {subject}", hint="name another file"
                )
            return profile
    return GENERIC
