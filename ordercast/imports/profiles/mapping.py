"""What a mapping says: which columns make an order, a view or a product, and by which rules. It can be kept as TOML."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable, Undecided


class Subject(StrEnum):
    """What the rows of a file become."""

    ORDERS = "orders"
    VIEWS = "views"
    PRODUCTS = "products"


# What each must have, and may have.
REQUIRED: Final = {
    Subject.ORDERS: ("order_ref", "account_ref", "occurred_at", "sku", "quantity", "unit_price"),
    Subject.VIEWS: ("account_ref", "sku", "occurred_at"),
    Subject.PRODUCTS: ("sku", "price"),
}
OPTIONAL: Final = {
    Subject.ORDERS: ("name", "currency", "status", "confirmed_at", "cancelled_at", "refunded", "total"),
    Subject.VIEWS: ("name", "count", "kind"),
    Subject.PRODUCTS: ("name", "currency", "active"),
}
NUMBERS: Final[tuple[str, ...]] = ("quantity", "unit_price", "refunded", "total", "price", "count")
# What the words of `statuses` mean.
STATUSES: Final = ("PENDING", "CONFIRMED", "CANCELLED")
TIMES: Final[tuple[str, ...]] = ("occurred_at", "confirmed_at", "cancelled_at")


# The usual words for the kinds of events, as `plain` writes them.
KINDS: Final = {
    **dict.fromkeys(
        ("view", "views", "viewed", "pageview", "productview", "productviewed", "viewitem", "itemview"), "view"
    ),
    **dict.fromkeys(("ansicht", "angesehen", "aufruf", "seitenaufruf", "artikelansicht", "produktansicht"), "view"),
    **dict.fromkeys(("cart", "addtocart", "addedtocart", "cartadd", "productadded", "basket", "addtobasket"), "cart"),
    **dict.fromkeys(("warenkorb", "indenwarenkorb", "imwarenkorb", "indenwarenkorbgelegt"), "cart"),
    **dict.fromkeys(("조회", "상품조회", "상품보기", "열람"), "view"),
    **dict.fromkeys(("장바구니", "장바구니담기", "장바구니추가", "담기"), "cart"),
}


class Only(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows whose `column` has another value are left out."""

    column: str
    value: str


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`columns`: for each field its columns; of those in the file, the first that is not empty counts.

    `constants`: fields that the file does not tell. `group_by`: the columns in which the rows of one order agree, if not those
    of order_ref; where there is no order_ref, they are it. `statuses`, `kinds`: the shop's words, in lower case; where there are
    no kinds, the usual words. A row of another kind is left out.
    """

    columns: dict[str, list[str]]
    constants: dict[str, str] = {}
    group_by: list[str] = []
    statuses: dict[str, str] = {}
    kinds: dict[str, str] = {}
    only: Only | None = None
    # Rows of one order with the same sku and price become one item.
    sum_duplicate_lines: bool = False
    # A row that is the same as one before it in its order is left out.
    leave_out_repeats: bool = False
    # Rows without this column are left out, such as orders without items.
    leave_out_without: str | None = None
    # A row with quantity 0 is left out: all of its pieces came back before the export.
    leave_out_zero: bool = False
    # An order_ref of this letter and digits only takes back, of another letter and digits is a booking and no order.
    cancellation_letter: str | None = None

    def kind_of(self, word: str) -> str | None:
        """`view` or `cart`; None if it is neither."""
        known = self.kinds or KINDS
        return known.get(word.casefold()) or known.get(as_word(word))


class SavedMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of `--save-mapping`: the mapping, and what else was told."""

    subject: Subject
    mapping: Mapping
    zone: str | None = None
    currency: str | None = None
    account_prefix: str = ""


def read_mapping(path: Path) -> SavedMapping:
    """
    Raises:
        FileUnreadable: no such file, no TOML, or another content.
    """
    try:
        return msgspec.toml.decode(path.read_text("utf-8-sig"), type=SavedMapping)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{path} is no mapping: {first_line(error)}") from error


def write_mapping(path: Path, saved: SavedMapping) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.toml.encode(msgspec.to_builtins(saved)))


def told_mapping(subject: Subject, told: Sequence[str], base: Mapping) -> Mapping:
    """`base` with the fields of `FIELD=COLUMN` put in their place; `FIELD==TEXT` is a constant.

    Raises:
        Undecided: it is not of that form, or names a field that there is not.
    """
    fields = (*REQUIRED[subject], *OPTIONAL[subject])
    columns, constants = dict(base.columns), dict(base.constants)
    for entry in told:
        field, equals, column = entry.partition("=")
        if not equals or field not in fields:
            raise Undecided(f"--map {entry!r} names no field", hint=f"--map FIELD=COLUMN; fields: {', '.join(fields)}")
        columns.pop(field, None)
        constants.pop(field, None)
        if column.startswith("="):
            constants[field] = column[1:]
        else:
            columns[field] = [column]
    return msgspec.structs.replace(base, columns=columns, constants=constants)


def told_kinds(told: Sequence[str], base: Mapping) -> Mapping:
    """`base` with the words of `WORD=view` and `WORD=cart` beside its own.

    Raises:
        Undecided: it is not of that form.
    """
    kinds = dict(base.kinds or KINDS)
    for entry in told:
        word, _, kind = entry.rpartition("=")
        if not word.strip() or kind not in ("view", "cart"):
            raise Undecided(f"--kind {entry!r} tells no kind", hint="--kind WORD=view, or --kind WORD=cart")
        kinds[word.strip().casefold()] = kind
    return msgspec.structs.replace(base, kinds=kinds)


def told_statuses(told: Sequence[str], base: Mapping) -> Mapping:
    """`base` with the words of `WORD=CONFIRMED` and the like beside its own.

    Raises:
        Undecided: it is not of that form.
    """
    statuses = dict(base.statuses)
    for entry in told:
        word, _, status = entry.rpartition("=")
        if not word.strip() or status.upper() not in STATUSES:
            choices = ", or ".join(f"--status WORD={known}" for known in STATUSES)
            raise Undecided(f"--status {entry!r} tells no status", hint=choices)
        statuses[word.strip().casefold()] = status.upper()
    return msgspec.structs.replace(base, statuses=statuses)


def told_fields(told: Sequence[str]) -> list[str]:
    """The fields that entries of `FIELD=COLUMN` name."""
    return [entry.partition("=")[0] for entry in told]


def plain(text: str) -> str:
    """A column's name without case, spaces and punctuation."""
    return "".join(character for character in text.casefold() if character.isalnum())


def as_word(text: str) -> str:
    """As `plain` has it; what has no letter stays as it is: + is not -, and 1 is not -1."""
    return plain(text) if any(map(str.isalpha, text)) else text.strip()


class Columns:
    """A mapping's columns by their place in a header."""

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(header):
            for key in {name, plain(name)} - {""}:
                self._places.setdefault(key, []).append(place)
        self._asked = {name for names in (*mapping.columns.values(), mapping.group_by) for name in names}
        self.header = tuple(header)
        self.fields = {field: self._of(names) for field, names in mapping.columns.items() if self._of(names)}
        self.group_by = self._of(mapping.group_by) or self.fields.get("order_ref", [])
        if mapping.group_by and "order_ref" not in self.fields:
            self.fields["order_ref"] = self.group_by

    def place(self, name: str) -> int | None:
        places = self._called(name)
        return places[0] if places else None

    def ambiguous(self) -> str | None:
        """A name in the mapping that several columns have."""
        return next((name for name in sorted(self._asked) if len(self._called(name)) > 1), None)

    def not_read(self, mapping: Mapping) -> list[str]:
        """The names of the columns that nothing is read from."""
        rules = [name for name in (mapping.only and mapping.only.column, mapping.leave_out_without) if name]
        read = {place for places in (*self.fields.values(), self.group_by, self._of(rules)) for place in places}
        return [name for place, name in enumerate(self.header) if place not in read and name.strip()]

    def missing(self, subject: Subject, constants: dict[str, Any]) -> list[str]:
        return [field for field in REQUIRED[subject] if field not in self.fields and field not in constants]

    def name(self, field: str) -> str:
        """What the user calls a field: its column, or the field."""
        places = self.fields.get(field)
        return self.header[places[0]] if places else field

    def _of(self, names: Sequence[str]) -> list[int]:
        return [place for name in names if (place := self.place(name)) is not None]

    def _called(self, name: str) -> list[int]:
        """The columns of this name to the letter, else those that it is but for case and punctuation."""
        return self._places.get(name) or self._places.get(plain(name)) or []
