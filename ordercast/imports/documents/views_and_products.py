"""Rows that each become one view, or one product."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ordercast.contracts.because import sentence
from ordercast.contracts.limits import MAX_VIEWS
from ordercast.imports.documents.cells import Form, LeftOut, Refusal, Refused
from ordercast.imports.files.table import Row

CART: Final = "cart"
_YES: Final = frozenset({"true", "yes", "1", "active", "published", "ja", "aktiv"})
_NO: Final = frozenset({"false", "no", "0", "inactive", "draft", "archived", "nein", "inaktiv"})


@dataclass(frozen=True, slots=True)
class Document:
    """`line` is a line of POST /views/batch or POST /products/import."""

    line: dict[str, Any]
    row: Row


Outcome = Document | Refused | LeftOut


def views_of(rows: Iterable[Row], form: Form) -> Iterator[Outcome]:
    return _each(rows, form, _view)


def products_of(rows: Iterable[Row], form: Form) -> Iterator[Outcome]:
    return _each(rows, form, _product)


def _each(rows: Iterable[Row], form: Form, make: Callable[[Row, Form], dict[str, Any]]) -> Iterator[Outcome]:
    for row in rows:
        if reason := form.check(row):
            yield Refused(row, reason)
        elif reason := form.left_out(row):
            yield LeftOut(row, reason)
        else:
            try:
                yield Document(make(row, form), row)
            except Refusal as refusal:
                yield Refused(row, refusal.reason)


def _view(row: Row, form: Form) -> dict[str, Any]:
    line: dict[str, Any] = {
        "account_ref": form.account_ref(form.text(row, "account_ref")),
        "sku": form.short(form.text(row, "sku"), "sku"),
        "occurred_at": form.time(form.text(row, "occurred_at"), "occurred_at").isoformat(),
    }
    if name := form.text(row, "name"):
        line["name"] = form.name(name)
    if count := form.text(row, "count"):
        number = form.number(count, "count")
        if number != int(number) or not 1 <= number <= MAX_VIEWS:
            name = form.columns.name("count")
            raise Refusal(sentence("no-whole-number-from-to", name=name, least=1, most=MAX_VIEWS))
        line["count"] = int(number)
    # A view is a line without a kind, as it was before there were carts: sent_views.py knows it by that.
    if (kind := form.text(row, "kind")) and form.mapping.kind_of(kind) == CART:
        line["kind"] = CART
    return line


def _product(row: Row, form: Form) -> dict[str, Any]:
    sku = form.short(form.text(row, "sku"), "sku")
    currency = form.currency_code(form.text(row, "currency")) or form.currency
    if currency is None:
        raise Refusal(sentence("no-value", name=form.columns.name("currency")))
    line: dict[str, Any] = {
        "sku": sku,
        "name": form.name(form.text(row, "name") or sku),
        "price": form.price(form.text(row, "price"), "price"),
        "currency": currency,
    }
    if active := form.text(row, "active").casefold():
        if active not in _YES | _NO:
            raise Refusal(sentence("neither-yes-nor-no", name=form.columns.name("active"), text=repr(active[:40])))
        line["active"] = active in _YES
    return line
