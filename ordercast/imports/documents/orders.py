"""Rows that belong together become an order. It comes in whole or not at all: an order with a line missing is another order."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Final

import msgspec

from ordercast.contracts import event_times
from ordercast.contracts.because import Sentence, sentence
from ordercast.contracts.currencies import CURRENCIES
from ordercast.contracts.limits import MAX_BIGINT, MAX_ITEMS, MAX_QUANTITY
from ordercast.imports.documents.cells import Form, LeftOut, Refusal, Refused
from ordercast.imports.files.table import Row
from ordercast.imports.files.typed_files import LINE
from ordercast.imports.profiles.mapping import Mapping

_OWN_FORM: Final = sentence("no-order-of-the-api")
_DOCUMENT: Final = re.compile(r"([A-Z])[0-9]+")
_STATUSES: Final = {
    **dict.fromkeys(("pending", "open", "new", "created", "on hold"), "PENDING"),
    **dict.fromkeys(("confirmed", "paid", "completed", "complete", "processing", "shipped", "delivered"), "CONFIRMED"),
    **dict.fromkeys(("cancelled", "canceled", "refunded", "failed", "voided"), "CANCELLED"),
    **dict.fromkeys(("offen", "neu", "ausstehend"), "PENDING"),
    **dict.fromkeys(("bestätigt", "bezahlt", "abgeschlossen", "in bearbeitung", "versendet", "geliefert"), "CONFIRMED"),
    **dict.fromkeys(("storniert", "abgebrochen", "erstattet", "fehlgeschlagen"), "CANCELLED"),
    **dict.fromkeys(("대기", "주문접수", "결제대기", "입금대기"), "PENDING"),
    **dict.fromkeys(("확정", "완료", "주문확정", "구매확정", "결제완료", "입금확인"), "CONFIRMED"),
    **dict.fromkeys(("상품준비중", "배송준비중", "배송중", "배송완료"), "CONFIRMED"),
    **dict.fromkeys(("취소", "주문취소", "취소완료", "환불", "환불완료", "반품", "반품완료"), "CANCELLED"),
}
# Of one order, all rows say the same or nothing.
_OF_THE_ORDER: Final = ("account_ref", "status", "currency")


@dataclass(frozen=True, slots=True)
class Order:
    """`line` is a line of POST /orders/import. `summed` rows became part of another row's item."""

    line: dict[str, Any]
    rows: Sequence[Row]
    summed: int = 0

    @property
    def takes_back(self) -> bool:
        return self.line.get("kind") == "cancellation" or self.line.get("status") == "CANCELLED"

    @property
    def total(self) -> Decimal:
        return sum((int(item["quantity"]) * Decimal(item["unit_price"]) for item in self.line["items"]), Decimal(0))


Outcome = Order | Refused | LeftOut


class _OwnItem(msgspec.Struct):
    """What the report reads in an item of the API's own form; the API itself looks at all of it."""

    sku: str
    quantity: (
        Annotated[int, msgspec.Meta(ge=0, le=MAX_QUANTITY)] | Annotated[float, msgspec.Meta(ge=0, le=MAX_QUANTITY)]
    )
    unit_price: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,12})?\Z")]


class _OwnLine(msgspec.Struct):
    order_ref: str
    account_ref: str | Annotated[int, msgspec.Meta(ge=0, le=MAX_BIGINT)]
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    items: list[_OwnItem]
    currency: str | None = None


def orders_of(rows: Iterable[Row], form: Form) -> Iterator[Outcome]:
    """The orders of rows that come group by group, and the rows that are refused or left out. None is lost."""
    if LINE in form.columns.fields:
        for row in rows:
            yield _own_line(row, form)
        return
    places = form.columns.group_by

    def key(row: Row) -> tuple[str, ...] | int:
        cells = tuple(row.cells[place].strip() if place < len(row.cells) else "" for place in places)
        return cells if any(cells) else row.number

    for _, group in groupby(rows, key):
        yield from _order(list(group), form)


def _own_line(row: Row, form: Form) -> Outcome:
    if reason := form.check(row):
        return Refused(row, reason)
    try:
        line = msgspec.json.decode(row.cells[0], type=dict[str, Any])
        own = msgspec.convert(line, _OwnLine)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at `$.")[2].removesuffix("`")
        return Refused(row, _OWN_FORM if " " in place else sentence("no-order-of-the-api-at", place=place))
    except (msgspec.DecodeError, RecursionError):
        return Refused(row, _OWN_FORM)
    if reason := event_times.refusal(own.occurred_at, datetime.now(UTC)):
        return Refused(row, reason)
    if own.currency is not None and own.currency not in CURRENCIES:
        return Refused(row, sentence("no-currency-code", name="currency", text=repr(own.currency[:40])))
    if form.account_prefix and isinstance(line.get("account_ref"), str):
        line["account_ref"] = form.account_prefix + line["account_ref"]
    return Order(line, [row])


def _order(group: list[Row], form: Form) -> Iterator[Outcome]:
    rows: list[Row] = []
    refused: list[Refused] = []
    seen: set[tuple[str, ...]] = set()
    for row in group:
        if reason := form.check(row):
            refused.append(Refused(row, reason))
        elif reason := form.left_out(row) or _repeat(row, seen, form):
            yield LeftOut(row, reason)
        else:
            rows.append(row)
    if not rows:
        yield from refused
        return
    head, reasons = _head(rows, form)
    items: list[dict[str, Any]] = []
    for row in rows:
        if row.number in reasons:
            refused.append(Refused(row, reasons[row.number]))
            continue
        try:
            items.append(_item(row, form, takes_back=head.get("kind") == "cancellation"))
        except Refusal as refusal:
            refused.append(Refused(row, refusal.reason))
    lines = _summed(items) if form.mapping.sum_duplicate_lines else items
    if len(lines) > MAX_ITEMS:
        refused = [Refused(row, sentence("too-many-items", most=MAX_ITEMS)) for row in rows]
    if refused:
        numbers = {one.row.number for one in refused}
        yield from refused
        yield from (Refused(row, sentence("another-row-refused")) for row in rows if row.number not in numbers)
    else:
        yield Order({**head, "items": lines}, rows, summed=len(items) - len(lines))


def _repeat(row: Row, seen: set[tuple[str, ...]], form: Form) -> Sentence | None:
    letter = form.mapping.cancellation_letter
    if letter is not None:
        match = _DOCUMENT.fullmatch(form.order_ref(row))
        if match is not None and match[1] != letter:
            return sentence("an-adjustment")
    if form.mapping.leave_out_repeats:
        if row.cells in seen:
            return sentence("exact-duplicate")
        seen.add(row.cells)
    return None


def _head(rows: list[Row], form: Form) -> tuple[dict[str, Any], dict[int, Sentence]]:
    """What is the order's own, and the reasons of rows, by number, that do not fit."""
    reasons: dict[int, Sentence] = {}
    values: dict[str, str] = {}
    times: list[datetime] = []
    for row in rows:
        for field in _OF_THE_ORDER:
            text = form.text(row, field)
            if text and values.setdefault(field, text) != text:
                reasons[row.number] = sentence("differs-in-the-order", name=form.columns.name(field))
        try:
            if text := form.text(row, "occurred_at"):
                times.append(form.time(text, "occurred_at"))
        except Refusal as refusal:
            reasons[row.number] = refusal.reason
    try:
        ref = form.short(form.order_ref(rows[0]), "order_ref")
        head: dict[str, Any] = {
            "order_ref": ref,
            "account_ref": form.account_ref(values.get("account_ref", "")),
            "occurred_at": (min(times) if times else form.time("", "occurred_at")).isoformat(),
            **_status(rows, values.get("status", ""), form, ref),
        }
        if currency := form.currency_code(values.get("currency", "")):
            head["currency"] = currency
    except Refusal as refusal:
        return {}, {row.number: refusal.reason for row in rows} | reasons
    return head, reasons


def _status(rows: list[Row], word: str, form: Form, ref: str) -> dict[str, Any]:
    if form.mapping.cancellation_letter is not None and ref.startswith(form.mapping.cancellation_letter):
        return {"kind": "cancellation"}

    def first(field: str) -> str:
        return next((text for row in rows if (text := form.text(row, field))), "")

    status = _known_status(word, form.mapping) if word else "CONFIRMED"
    if status is None:
        raise Refusal(sentence("no-known-status", name=form.columns.name("status"), text=repr(word[:40])))
    told: dict[str, Any] = {}
    if confirmed := form.time_if_any(first("confirmed_at"), "confirmed_at"):
        told["confirmed_at"] = confirmed.isoformat()
    if cancelled := form.time_if_any(first("cancelled_at"), "cancelled_at"):
        told["cancelled_at"] = cancelled.isoformat()
    if cancelled or _all_refunded(first("refunded"), first("total"), form):
        status = "CANCELLED"
    told_of = {"PENDING": (), "CONFIRMED": ("confirmed_at",), "CANCELLED": ("cancelled_at",)}[status]
    return {"status": status, **{field: told[field] for field in told_of if field in told}}


def _known_status(word: str, mapping: Mapping) -> str | None:
    """Korean is written with blanks between words or without."""
    known = {**_STATUSES, **mapping.statuses}
    lower = word.casefold()
    return known.get(lower) or known.get("".join(lower.split()))


def _all_refunded(refunded: str, total: str, form: Form) -> bool:
    if not refunded or not total:
        return False
    return form.number(refunded, "refunded") >= form.number(total, "total") > 0


def _item(row: Row, form: Form, *, takes_back: bool) -> dict[str, Any]:
    sku = form.short(form.text(row, "sku"), "sku")
    return {
        "sku": sku,
        "name": form.name(form.text(row, "name") or sku),
        "quantity": form.quantity(form.text(row, "quantity"), takes_back=takes_back),
        "unit_price": form.price(form.text(row, "unit_price"), "unit_price"),
    }


def _summed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_product: dict[tuple[str, str], dict[str, Any]] = {}
    for item in items:
        key = item["sku"], item["unit_price"]
        if key in by_product:
            by_product[key]["quantity"] += item["quantity"]
        else:
            by_product[key] = dict(item)
    return list(by_product.values())
