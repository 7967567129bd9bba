"""Of a log of events, orders alone become orders."""

from pathlib import Path
from typing import Any

import pytest

from ordercast.contracts.because import sentence_of
from ordercast.imports.errors import Undecided
from ordercast.imports.profiles.mapping import Subject, read_mapping, write_mapping
from tests.support.shop_files import Read, read

EACH = {"map": ["quantity==1"], "group_by": ["user_id", "event_time"]}


def log(folder: Path, *words: str, column: str = "event_type", **choices: Any) -> Read:
    path = folder / "log.csv"
    rows = "".join(f"2026-04-01T12:00:0{place}Z,{word},ann,MUG,8.00\n" for place, word in enumerate(words))
    path.write_text(f"event_time,{column},user_id,product_id,price\n{rows}")
    return read(path, **{**EACH, **choices})


@pytest.mark.parametrize("column", ["event_type", "event", "Action", "type"])
def test_views_and_carts_of_a_log_are_no_orders(tmp_path: Path, column: str) -> None:
    result = log(tmp_path, "view", "add_to_cart", "purchase", "Purchase", column=column)
    assert result.rows_imported == [4, 5]
    assert result.left_out == {
        2: f"{column} is 'view', not 'purchase'",
        3: f"{column} is 'add_to_cart', not 'purchase'",
    }
    assert result.found.not_read == ()


def test_a_log_gives_its_views_too(tmp_path: Path) -> None:
    result = log(tmp_path, "view", "add_to_cart", "purchase", subject=Subject.VIEWS, map=(), group_by=())
    assert result.rows_imported == [2, 3]


@pytest.mark.parametrize("words", [("view", "acquired"), ("view", "purchase", "order")])
def test_where_not_one_word_is_known_for_an_order_it_is_asked_for(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(Undecided, match="event_type tells views or carts") as asked:
        log(tmp_path, *words)
    assert "--kind bought=order" in asked.value.hint
    assert log(tmp_path, *words, kinds=[f"{words[1]}=order"]).rows_imported == [3]


@pytest.mark.parametrize(("order", "other"), [("+", "-"), ("1", "-1")])
def test_a_word_without_a_letter_is_no_other_one(tmp_path: Path, order: str, other: str) -> None:
    assert log(tmp_path, order, other, kinds=[f"{order}=order"]).rows_imported == [2]


def test_the_word_that_was_told_is_saved(tmp_path: Path) -> None:
    first = log(tmp_path, "view", "acquired", kinds=["Acquired=order"])
    saved = tmp_path / "log.toml"
    write_mapping(saved, first.found.saved())
    assert log(tmp_path, "view", "acquired", map=(), group_by=(), saved=read_mapping(saved)).lines == first.lines


@pytest.mark.parametrize("kinds", [["acquired=view"], ["=order"], ["a=order", "b=order"], ["sold=order"]])
def test_a_word_that_is_none_is_refused(tmp_path: Path, kinds: list[str]) -> None:
    with pytest.raises(Undecided):
        log(tmp_path, "view", "acquired", kinds=kinds)


def test_a_word_that_no_row_says_is_told_in_each_language(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match="no row says 'sold' in a column event, ") as refused:
        log(tmp_path, "view", "acquired", kinds=["sold=order"])
    assert sentence_of(refused.value)


def test_a_type_that_says_what_a_product_is_leaves_all_rows_orders(tmp_path: Path) -> None:
    result = log(tmp_path, "Basket", "Mug", column="type")
    assert (result.rows_imported, result.found.not_read) == ([2, 3], ("type",))


def test_what_a_product_is_stands_behind_what_happened_to_it_wherever_its_column_is(tmp_path: Path) -> None:
    assert log(tmp_path, "Basket,purchase", "Sale,view", column="type,event").rows_imported == [2]


def test_an_event_that_is_never_a_view_leaves_all_rows_orders(tmp_path: Path) -> None:
    assert log(tmp_path, "sold", "sold online").rows_imported == [2, 3]


def test_korean_words_of_a_log_are_known(tmp_path: Path) -> None:
    assert log(tmp_path, "조회", "장바구니 담기", "구매", column="이벤트").rows_imported == [4]
