"""Names that columns often have, and words that shops often use; in English and German, in small letters."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from ordercast.imports.profiles.event_logs import EVENT_NAMES, TYPE_NAMES
from ordercast.imports.profiles.mapping import Mapping, Subject, plain

NAMES: Final = {
    "order_ref": [
        *("order_ref", "order id", "order number", "order no", "order", "invoice", "invoice no", "transaction id"),
        *("bestellnummer", "bestellnr", "bestell id", "bestellung", "auftragsnummer", "auftragsnr", "auftrag"),
        *("rechnungsnummer", "rechnungsnr", "rechnung", "belegnummer", "belegnr", "beleg", "bonnummer", "bonnr"),
    ],
    "account_ref": [
        *("account_ref", "customer id", "customer number", "customer no", "customer", "user id", "account id", "email"),
        *("kundennummer", "kundennr", "kunden id", "kunde", "email adresse"),
    ],
    "occurred_at": [
        *("occurred_at", "order date", "created at", "date", "time", "timestamp", "invoice date", "event time"),
        *("bestelldatum", "auftragsdatum", "rechnungsdatum", "belegdatum", "bestellt am", "erstellt am"),
        *("zeitpunkt", "zeitstempel", "datum", "zeit"),
    ],
    "sku": [
        *("sku", "item code", "product code", "article number", "stock code", "product id", "item id"),
        *("artikelnummer", "artikelnr", "artikel id", "artikelcode", "produktnummer", "produktnr", "produkt id"),
    ],
    "name": [
        *("name", "product name", "item name", "title", "description"),
        *("artikelname", "artikelbezeichnung", "produktname", "produktbezeichnung", "bezeichnung", "beschreibung"),
    ],
    "currency": ["currency", "währung", "waehrung"],
    "quantity": ["quantity", "qty", "menge", "anzahl", "stück", "stueck", "stückzahl", "stueckzahl"],
    "unit_price": ["unit_price", "item price", "price", "einzelpreis", "stückpreis", "stueckpreis", "preis"],
    "status": ["status", "order status", "bestellstatus", "auftragsstatus"],
    "confirmed_at": ["confirmed_at", "paid at", "bezahlt am"],
    "cancelled_at": ["cancelled_at", "canceled at", "storniert am"],
    "count": ["count", "views", "anzahl", "aufrufe", "ansichten"],
    "kind": ["kind"],
    "price": ["price", "unit_price", "preis", "einzelpreis", "verkaufspreis"],
    "active": ["active", "aktiv"],
}
# What it says is the product's name where another column is its SKU, and the SKU where none is.
_NAME_OR_SKU: Final = ("product", "item", "article", "produkt", "artikel")
# Names too common to say what they are: they are `kind` where they hold a word for it.
_KIND_BY_ITS_VALUES: Final = (*EVENT_NAMES, *TYPE_NAMES)


def usual(*fields: str) -> Mapping:
    return Mapping({field: NAMES[field] for field in fields})


def fitted(
    subject: Subject,
    mapping: Mapping,
    header: Sequence[str],
    values: Callable[[int], Iterable[str]],
    told: Sequence[str] = (),
) -> Mapping:
    """A mapping of usual names for this file: what one column is may depend on the others, on the fields that
    were told, or on its `values`."""
    there = {plain(name) for name in header}
    columns = dict(mapping.columns)
    unsure = "name" if "sku" in told or any(plain(name) in there for name in columns["sku"]) else "sku"
    columns[unsure] = [*columns[unsure], *_NAME_OR_SKU]
    if subject is Subject.VIEWS and not any(plain(name) in there for name in columns["kind"]):
        columns["kind"] = [
            name
            for place, name in enumerate(header)
            if plain(name) in {plain(common) for common in _KIND_BY_ITS_VALUES}
            and any(map(mapping.kind_of, values(place)))
        ]
    return msgspec.structs.replace(mapping, columns=columns)
