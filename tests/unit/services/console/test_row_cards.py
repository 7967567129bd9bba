"""Each cell knows the name of its column, for screens on which rows are cards."""

import re

from ordercast.services.console.row_cards import as_row_cards

HEAD = (
    '<thead><tr><th scope="col">Product</th><th scope="col" class="number">In "stock" <code>s</code></th>'
    '<th scope="col">Price</th></tr></thead>'
)


def labels(page: str) -> list[str]:
    return re.findall(r'data-label="([^"]*)"', page)


def test_each_cell_is_labelled_by_its_column_and_keeps_its_role() -> None:
    rows = '<tr><th scope="row">Mug</th><td class="number">7</td><td>1 EUR</td></tr>' * 2
    page = as_row_cards(f"<p>before</p><table>{HEAD}<tbody>{rows}</tbody></table><p>after</p>")
    assert labels(page) == ["Product", "In &quot;stock&quot; s", "Price"] * 2
    assert (page.count('role="row"'), page.count('role="columnheader"'), page.count('role="cell"')) == (3, 3, 4)
    assert page.startswith('<p>before</p><table role="table"><thead role="rowgroup">')
    # Nothing else is another one.
    assert (
        re.sub(r' (?:role|data-label)="[^"]*"', "", page)
        == f"<p>before</p><table>{HEAD}<tbody>{rows}</tbody></table><p>after</p>"
    )


def test_a_cell_over_several_columns_moves_those_after_it() -> None:
    rows = '<tr><td colspan="2">none yet</td><td>–</td></tr>'
    assert labels(as_row_cards(f"<table>{HEAD}<tbody>{rows}</tbody></table>")) == ["Product", "Price"]


def test_tables_are_labelled_each_by_its_own_heads_and_a_small_one_is_left_as_it_is() -> None:
    small = '<table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    other = HEAD.replace("Product", "Week")
    page = as_row_cards(f"<table>{HEAD}<tr><td>1</td></tr></table>{small}<table>{other}<tr><td>2</td></tr></table>")
    assert labels(page) == ["Product", "Week"]
    assert small in page
