"""Names that columns often have, and words that shops often use; in English, German and Korean, in small letters."""

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
        *("주문번호", "주문 id", "주문", "영수증번호", "거래번호"),
    ],
    "account_ref": [
        *("account_ref", "customer id", "customer number", "customer no", "customer", "user id", "account id", "email"),
        *("kundennummer", "kundennr", "kunden id", "kunde", "email adresse"),
        *(
            "고객번호",
            "고객 id",
            "고객",
            "회원번호",
            "회원 id",
            "회원",
            "구매자 id",
            "구매자",
            "주문자 id",
            "주문자",
            "이메일",
        ),
    ],
    "occurred_at": [
        *("occurred_at", "order date", "created at", "date", "time", "timestamp", "invoice date", "event time"),
        *("bestelldatum", "auftragsdatum", "rechnungsdatum", "belegdatum", "bestellt am", "erstellt am"),
        *("zeitpunkt", "zeitstempel", "datum", "zeit"),
        *(
            "주문일시",
            "주문일자",
            "주문일",
            "주문시각",
            "주문시간",
            "결제일시",
            "거래일시",
            "일시",
            "날짜",
            "시각",
            "시간",
        ),
    ],
    "sku": [
        *("sku", "item code", "product code", "article number", "stock code", "product id", "item id"),
        *("artikelnummer", "artikelnr", "artikel id", "artikelcode", "produktnummer", "produktnr", "produkt id"),
        *("상품코드", "상품번호", "상품 id", "제품코드", "제품번호", "품목코드", "품번"),
    ],
    "name": [
        *("name", "product name", "item name", "title", "description"),
        *("artikelname", "artikelbezeichnung", "produktname", "produktbezeichnung", "bezeichnung", "beschreibung"),
        *("상품명", "제품명", "품목명", "품명"),
    ],
    "currency": ["currency", "währung", "waehrung", "통화", "화폐"],
    "quantity": [
        *("quantity", "qty", "menge", "anzahl", "stück", "stueck", "stückzahl", "stueckzahl"),
        *("수량", "주문수량", "구매수량", "개수"),
    ],
    "unit_price": [
        "unit_price",
        "item price",
        "price",
        "einzelpreis",
        "stückpreis",
        "stueckpreis",
        "preis",
        "단가",
        "판매가",
        "가격",
    ],
    "status": ["status", "order status", "bestellstatus", "auftragsstatus", "주문상태"],
    "confirmed_at": ["confirmed_at", "paid at", "bezahlt am"],
    "cancelled_at": ["cancelled_at", "canceled at", "storniert am", "취소일시", "취소일"],
    "count": ["count", "views", "anzahl", "aufrufe", "ansichten", "조회수"],
    "kind": ["kind"],
    "price": ["price", "unit_price", "preis", "einzelpreis", "verkaufspreis", "판매가", "가격", "단가"],
    "active": ["active", "aktiv"],
}
# What it says is the product's name where another column is its SKU, and the SKU where none is.
_NAME_OR_SKU: Final = ("product", "item", "article", "produkt", "artikel", "상품", "제품", "품목")
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
