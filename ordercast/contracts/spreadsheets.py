"""Text in CSV that people open in a spreadsheet, which would run some of it as a formula (CWE-1236, OWASP "CSV injection")."""

from typing import Final

# At the beginning of a cell. Excel knows the full-width forms as well.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def in_cell(text: str) -> str:
    """The text, behind a single quote where a spreadsheet would take it for a formula. Numbers stay numbers: give it none."""
    return f"'{text}" if text.startswith(_FORMULA) else text
