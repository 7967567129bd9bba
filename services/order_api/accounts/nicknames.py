"""Nicknames by PRECIS (RFC 8266): what they may hold, and when two are the same."""

from typing import Final

from precis_i18n import get_profile

_SHOWN: Final = get_profile("NicknameCasePreserved")
_COMPARED: Final = get_profile("NicknameCaseMapped")


def shown_form(nickname: str) -> str:
    """The nickname as it is stored: NFKC, with single spaces.

    Raises:
        ValueError: it holds what cannot be seen or told apart, such as zero-width characters and controls.
    """
    try:
        return _SHOWN.enforce(nickname)
    except UnicodeEncodeError as error:
        raise ValueError(_reason(error)) from None


def key_of(nickname: str) -> str | None:
    """The same for all nicknames that look the same but for their case and width. None where it is no nickname by the rules:
    those out of a shop's history follow none."""
    try:
        return _COMPARED.enforce(nickname)
    except UnicodeEncodeError:
        return None


def _reason(error: UnicodeEncodeError) -> str:
    if error.start >= len(error.object):
        return "must not be empty"
    kind = error.reason.rpartition("/")[2].replace("_", " ")
    return f"must not hold the character U+{ord(error.object[error.start]):04X} ({kind})"
