"""What a file does not say is asked for, never guessed; what was found is said."""

from pathlib import Path
from typing import Any

import pytest

from ordercast.imports.columns.numbers import Decimals
from ordercast.imports.errors import Undecided
from ordercast.imports.profiles.mapping import Subject, read_mapping, write_mapping
from tests.support.shop_files import Read, read

OWN = "Beleg;Kunde;Datum;Artikel;Menge;Preis\n7;ann;13.04.2026 09:00;MUG;2;10,25\n"
MAP = ["order_ref=Beleg", "account_ref=Kunde", "occurred_at=Datum", "sku=Artikel", "quantity=Menge", "unit_price=Preis"]


def own(folder: Path, content: str = OWN) -> Path:
    path = folder / "own.csv"
    path.write_text(content)
    return path


def test_a_file_of_its_own_is_told_by_map_and_what_was_found_is_said(tmp_path: Path) -> None:
    result = read(own(tmp_path), map=MAP)
    (line,) = result.lines
    assert (line["order_ref"], line["account_ref"], line["occurred_at"]) == ("7", "ann", "2026-04-13T07:00:00+00:00")
    words = "\n".join(result.found.words)
    for said in ("utf-8", "semicolon", "decimal comma", "day before month", "Europe/Berlin", "quantity=Menge"):
        assert said in words


def test_an_error_names_the_columns_that_have_a_name_and_not_all_of_many(tmp_path: Path) -> None:
    header = ";".join(["", *(f"c{number}" for number in range(50))])
    with pytest.raises(Undecided) as asked:
        read(own(tmp_path, f"{header}\n{header}\n"))
    assert ": c0, c1, " in str(asked.value)
    assert str(asked.value).endswith(", c39 and 10 more")


def test_a_mapping_is_saved_and_used_again(tmp_path: Path) -> None:
    first = read(own(tmp_path), map=MAP, account_prefix="north-")
    saved = tmp_path / "new" / "own.toml"
    write_mapping(saved, first.found.saved())
    again = read(own(tmp_path), saved=read_mapping(saved), zone=None, currency=None)
    assert again.lines == first.lines
    assert again.lines[0]["account_ref"] == "north-ann"


@pytest.mark.parametrize(
    ("content", "choices", "says", "hint"),
    [
        (
            OWN.replace("Preis", "Wert"),
            {"map": MAP[:-1]},
            "no column is known to be unit_price; there are: Beleg, Kunde",
            "--map unit_price=COLUMN",
        ),
        (OWN, {"map": ["price=Preis"]}, "names no field", "unit_price"),
        (OWN, {"map": MAP, "zone": None}, "Datum has times without a zone, such as 13.04.2026 09:00", "--zone"),
        (OWN, {"map": MAP, "zone": "Berlin"}, "no time zone Berlin", "Europe/Berlin"),
        (OWN, {"map": MAP, "currency": None}, "does not say its currency", "--currency EUR, or --map currency=COLUMN"),
        (OWN, {"map": MAP, "currency": "Euro"}, "Euro is no currency", "--currency EUR"),
        (OWN, {"map": [*MAP, "name=Artikle"]}, "there is no column Artikle to be name", "there are: Beleg, Kunde"),
        (OWN, {"map": [*MAP[:-1], "unit_price=Pries"]}, "there is no column Pries to be unit_price", "Preis"),
        (OWN, {"map": MAP, "group_by": ["Tag"]}, "no column Tag to group by", "Beleg"),
        (OWN.replace("13.04", "03.04"), {"map": MAP}, "tells the day from the month", "--dayfirst"),
        (OWN.replace("10,25", "1,250"), {"map": MAP}, "numbers such as 1,250", "--decimal-comma"),
        (OWN, {"map": MAP, "kinds": ["Ansicht=view"]}, "does not tell which rows are orders", "--kind WORD=order"),
        (OWN, {"map": MAP, "statuses": ["Fertig=done"]}, "'Fertig=done' tells no status", "--status WORD=CONFIRMED"),
        (
            OWN.replace("Beleg;Kunde", "A;B"),
            {},
            "no column is known to be order_ref, account_ref; there are",
            "--map order_ref=COLUMN --map account_ref=COLUMN; fields",
        ),
        (OWN, {"profile": "shop"}, "no profile shop", "shopify"),
        (OWN.replace("Beleg;Kunde", "Preis;Kunde"), {"map": MAP[1:]}, "several columns are called Preis", "rename"),
    ],
)
def test_what_is_not_said_is_asked_for(
    tmp_path: Path, content: str, choices: dict[str, Any], says: str, hint: str
) -> None:
    with pytest.raises(Undecided, match=says) as undecided:
        read(own(tmp_path, content), **choices)
    assert hint in undecided.value.hint


def test_what_was_asked_for_can_be_told(tmp_path: Path) -> None:
    path = own(tmp_path, OWN.replace("13.04", "03.04").replace("10,25", "1,250"))
    (line,) = read(path, map=MAP, dayfirst=False, decimals=Decimals.POINT).lines
    assert line["occurred_at"] == "2026-03-04T08:00:00+00:00"
    assert line["items"][0]["unit_price"] == "1250.0000"


def test_a_mapping_of_views_is_none_of_orders(tmp_path: Path) -> None:
    first = read(own(tmp_path), map=MAP)
    with pytest.raises(Undecided, match="the mapping is one of orders"):
        read(own(tmp_path), Subject.VIEWS, saved=first.found.saved())


def test_a_constant_stands_for_a_column_also_where_it_is_a_time_or_the_currency(tmp_path: Path) -> None:
    path = own(tmp_path, OWN.replace(";Datum", "").replace(";13.04.2026 09:00", ""))
    told = [entry for entry in MAP if not entry.startswith("occurred_at")]
    (line,) = read(path, map=[*told, "occurred_at==2026-04-13 09:00", "currency==EUR"], currency=None).lines
    assert (line["occurred_at"], line["currency"]) == ("2026-04-13T07:00:00+00:00", "EUR")


def test_a_column_is_found_by_its_name_to_the_letter_before_any_that_differs_in_case_or_punctuation(
    tmp_path: Path,
) -> None:
    path = own(tmp_path, "Beleg;Kunde;Datum;Artikel;%;€\n7;ann;13.04.2026 09:00;MUG;2;10,25\n")
    (line,) = read(path, map=[*MAP[:4], "quantity=%", "unit_price=€"]).lines
    assert line["items"] == [{"sku": "MUG", "name": "MUG", "quantity": 2, "unit_price": "10.2500"}]


def test_counts_of_views_are_read_as_the_column_is_written(tmp_path: Path) -> None:
    path = own(tmp_path, "account_ref;sku;occurred_at;count\nann;MUG;2026-04-13T09:00:00Z;1.000\n")
    with pytest.raises(Undecided, match=r"numbers such as 1\.000"):
        read(path, Subject.VIEWS)
    (line,) = read(path, Subject.VIEWS, decimals=Decimals.COMMA).lines
    assert line["count"] == 1_000


EVENTS = "time,customer,sku,{name}\n" + "".join(
    f"2026-04-01T12:00:00Z,ann,MUG,{word}\n" for word in ("view", "add_to_cart", "purchase")
)


def views(folder: Path, content: str, **choices: Any) -> Read:
    return read(own(folder, content), Subject.VIEWS, **choices)


@pytest.mark.parametrize("name", ["kind", "event", "Event_Type", "action", "type", "Ereignis"])
def test_a_column_of_a_common_name_is_the_kind_where_it_holds_words_for_it(tmp_path: Path, name: str) -> None:
    result = views(tmp_path, EVENTS.format(name=name))
    assert [line.get("kind") for line in result.lines] == [None, "cart"]
    assert result.left_out == {4: f"{name} is 'purchase', not 'view' / 'cart'"}
    assert result.found.not_read == ()


def test_a_column_of_a_common_name_with_other_words_is_not_read_and_named(tmp_path: Path) -> None:
    result = views(tmp_path, "time,customer,sku,type,\n2026-04-01T12:00:00Z,ann,MUG,phone,x\n")
    assert (len(result.lines), result.left_out, result.found.not_read) == (1, {}, ("type",))


@pytest.mark.parametrize(
    "words",
    [("Ansicht", "Warenkorb"), ("viewed", "Add to cart"), ("PAGEVIEW", "addToBasket"), ("상품 조회", "장바구니 담기")],
)
def test_usual_words_for_views_and_carts_are_known(tmp_path: Path, words: tuple[str, str]) -> None:
    rows = "".join(f"2026-04-01T12:00:00Z,ann,MUG,{word}\n" for word in words)
    result = views(tmp_path, f"Zeitpunkt,Kunde,Artikel,Ereignis\n{rows}")
    assert [line.get("kind") for line in result.lines] == [None, "cart"]


def test_words_of_the_shop_s_own_are_told_and_saved(tmp_path: Path) -> None:
    content = "time,customer,sku,kind\n2026-04-01T12:00:00Z,ann,MUG,Besuch\n2026-04-01T12:00:00Z,ann,MUG,In den Korb\n"
    assert views(tmp_path, content).lines == []
    result = views(tmp_path, content, kinds=["besuch=view", "In den Korb=cart"])
    assert [line.get("kind") for line in result.lines] == [None, "cart"]
    saved = tmp_path / "own.toml"
    write_mapping(saved, result.found.saved())
    assert views(tmp_path, content, saved=read_mapping(saved)).lines == result.lines
    usual = views(tmp_path, content.replace("In den Korb", "add_to_cart"), kinds=["besuch=view"])
    assert [line.get("kind") for line in usual.lines] == [None, "cart"]
    with pytest.raises(Undecided, match="tells no kind"):
        views(tmp_path, content, kinds=["Besuch=purchase"])


@pytest.mark.parametrize(
    "header",
    [
        "Bestellnummer;Kundennummer;Bestelldatum;Artikelnummer;Bezeichnung;Menge;Einzelpreis",
        "Bestellnr.;Kunde;Datum;Artikel-Nr.;Artikel;Anzahl;Preis",
        "Rechnungsnummer;Kunden-ID;Rechnungsdatum;Artikelnr;Produkt;Stückzahl;Stückpreis",
        "Order no;Customer;Date;SKU;Product;Qty;Unit price",
        "주문번호;고객번호;주문일시;상품코드;상품명;수량;단가",
        "주문 ID;회원;주문일;품번;상품;주문수량;판매가",
    ],
)
def test_names_that_shops_use_are_known(tmp_path: Path, header: str) -> None:
    result = read(own(tmp_path, f"{header}\n7;ann;13.04.2026 09:00;MUG;Mug, red;2;10,25\n"))
    (line,) = result.lines
    (item,) = line["items"]
    assert (line["order_ref"], line["account_ref"]) == ("7", "ann")
    assert (item["sku"], item["name"], item["quantity"], item["unit_price"]) == ("MUG", "Mug, red", 2, "10.2500")
    assert result.found.not_read == ()


@pytest.mark.parametrize(
    ("word", "status"),
    [("storniert", "CANCELLED"), ("결제대기", "PENDING"), ("배송완료", "CONFIRMED"), ("환불완료", "CANCELLED")],
)
def test_words_that_shops_use_for_states_are_known(tmp_path: Path, word: str, status: str) -> None:
    result = read(
        own(tmp_path, f"Order no,Customer,Date,SKU,Qty,Price,주문상태\n7,ann,2026-04-13T09:00Z,MUG,2,10.25,{word}\n")
    )
    assert [line["status"] for line in result.lines] == [status]


@pytest.mark.parametrize("mapped", [[], ["sku=Code"]])
def test_a_product_is_the_sku_only_where_nothing_else_is(tmp_path: Path, mapped: list[str]) -> None:
    header = "Beleg;Kunde;Datum;Artikel;Code;Menge;Preis;Rabatt;Filiale"
    result = read(own(tmp_path, f"{header}\n7;ann;13.04.2026 09:00;Mug;M-1;2;10,25;0;Nord\n"), map=mapped)
    (item,) = result.lines[0]["items"]
    assert (item["sku"], item["name"]) == ("M-1" if mapped else "Mug", "Mug")
    assert result.found.not_read == (("Rabatt", "Filiale") if mapped else ("Code", "Rabatt", "Filiale"))
