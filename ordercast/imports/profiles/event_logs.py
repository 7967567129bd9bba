"""A log of events has a row for each look, each cart and each order: which of its rows are orders."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.imports.errors import Undecided
from ordercast.imports.profiles.mapping import KINDS, Only, as_word, plain

# Names of the column that says what happened. `type` and `typ` may as well say what a product is: see `only_orders`.
EVENT_NAMES: Final = ("event", "event type", "action", "ereignis", "ereignistyp", "aktion", "이벤트", "행동")
TYPE_NAMES: Final = ("type", "typ", "유형")
# Of a column that may be anything.
WORDS_SHOWN: Final = 20
# The usual words for an order, as `plain` writes them.
ORDERED: Final = frozenset(
    (
        *("purchase", "purchased", "buy", "bought", "order", "ordered", "orderplaced", "ordercompleted", "transaction"),
        *("checkoutcompleted", "sale", "sold", "kauf", "gekauft", "bestellung", "bestellt", "verkauf", "verkauft"),
        *("구매", "구매완료", "주문", "주문완료", "결제", "결제완료"),
    )
)


def only_orders(header: Sequence[str], values: Callable[[int], Iterable[str]], told: Sequence[str] = ()) -> Only | None:
    """The rows that are orders, where a column tells views or carts beside them. `told`: the user's `WORD=order`.

    Raises:
        Undecided: there are views, and no word or several that may be an order; or what was told is no word of the file.
    """
    words = {place: sorted(filter(None, map(str.strip, values(place)))) for place in _places(header)}
    if told:
        return _told(header, words, told)
    for place, said in words.items():
        if not any(plain(word) in KINDS for word in said):
            continue
        ordered = {plain(word): word for word in said if plain(word) in ORDERED}
        if len(ordered) == 1:
            return Only(header[place], *ordered.values())
        if ordered or plain(header[place]) not in TYPE_NAMES:
            raise Undecided(
                sentence("no-one-word-of-orders", name=header[place], words=", ".join(said[:WORDS_SHOWN])),
                hint=sentence("say-word-of-orders"),
            )
    return None


def _told(header: Sequence[str], words: dict[int, list[str]], told: Sequence[str]) -> Only:
    word, _, kind = told[0].rpartition("=")
    if len(told) > 1 or not word.strip() or kind != "order":
        raise Undecided(
            f"--kind {' --kind '.join(map(repr, told))} does not tell which rows are orders",
            hint="--kind WORD=order, once; views and carts come in with `ordercast import views`",
        )
    for place, said in words.items():
        for one in said:
            if as_word(one) == as_word(word):
                return Only(header[place], one)
    raise Undecided(
        sentence("no-row-says", word=repr(word.strip()), names=", ".join((*EVENT_NAMES, *TYPE_NAMES))),
        hint=sentence("look-how-it-is-written"),
    )


def _places(header: Sequence[str]) -> list[int]:
    """Those that may say what a product is come last."""
    names = {plain(name) for name in (*EVENT_NAMES, *TYPE_NAMES, "kind")}
    found = [place for place, name in enumerate(header) if plain(name) in names]
    return sorted(found, key=lambda place: plain(header[place]) in TYPE_NAMES)
