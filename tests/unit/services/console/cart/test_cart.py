"""What a cart keeps, through the cookie and back."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.console.cart.cart import MOST_LINES, Cart, Line

lines = st.builds(
    Line,
    st.integers(1, 2**63 - 1),
    st.integers(1, 1_000_000),
    st.decimals(0, Decimal("99999999.9999"), places=4).map(str),
    st.sampled_from(["EUR", "KRW"]),
)
carts = st.lists(lines, max_size=MOST_LINES, unique_by=lambda line: line.product_id).map(
    lambda each: Cart(Cart.empty().id, tuple(each))
)


@given(carts)
def test_a_cart_is_the_same_after_its_cookie_which_browsers_keep(cart: Cart) -> None:
    assert Cart.read(cart.text()) == cart
    assert len(cart.text()) < 3_500


@given(st.text())
def test_any_other_text_is_an_empty_cart(text: str) -> None:
    assert Cart.read(text).lines == ()


@given(carts, lines)
def test_what_is_put_in_is_added_to_its_line(cart: Cart, line: Line) -> None:
    before = dict(cart.items)
    after = dict(cart.put(line).items)
    assert after.pop(line.product_id) == min(before.pop(line.product_id, 0) + line.quantity, 1_000_000)
    assert after == before


@given(carts, st.data())
def test_a_line_of_no_pieces_goes_and_the_others_stay(cart: Cart, data: st.DataObject) -> None:
    numbers = {product: data.draw(st.integers(0, 9)) for product, _ in cart.items}
    assert cart.with_quantities(numbers).items == [(one, count) for one, count in numbers.items() if count]


@given(carts)
def test_the_same_cart_has_one_key_and_a_cart_after_it_another(cart: Cart) -> None:
    assert Cart.read(cart.text()).key == cart.key
    assert Cart(Cart.empty().id, cart.lines).key != cart.key
