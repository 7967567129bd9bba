"""Email addresses in the one form in which they are stored and compared."""

from typing import Final

from email_validator import validate_email

# No address is longer; what is need not be looked at.
MAX_LENGTH: Final = 2_048


def normal_form(text: str) -> str:
    """The address alone, in NFC, with its domain in lower case and as Unicode: `Ann <ann@XN--BCHER-KVA.de>` is `ann@bücher.de`.

    Raises:
        ValueError: it is no email address.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError("is too long for an email address")
    return validate_email(text.strip(), check_deliverability=False, allow_display_name=True).normalized


def as_signed_up(text: str) -> str:
    """The form in which an account has this address; what is no address stays as it is, and is nobody's."""
    try:
        return normal_form(text)
    except ValueError:
        return text
