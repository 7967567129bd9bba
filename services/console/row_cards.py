"""Tables for narrow screens: there each row is a small card, in which a cell stands beside the name of its column.

It is done to the page as it was drawn, so that a template has a plain table. A cell gets the name as `data-label`, which the style
sheet shows; the roles are said as well, since a browser may forget those of what is no longer laid out as a table.
"""

import re
from typing import Final

# A table of fewer columns fits on a phone as it is.
LEAST_COLUMNS: Final = 3
_TABLE: Final = re.compile(r"<table\b.*?</table>", re.DOTALL)
_HEAD: Final = re.compile(r"<th\b[^>]*\"col\"[^>]*>(.*?)</th>", re.DOTALL)
_MARKUP: Final = re.compile(r"<[^>]*>")
_PART: Final = re.compile(r"<(table|thead|tbody|tr|th|td)\b([^>]*)>")
_SPAN: Final = re.compile(r'\bcolspan="(\d+)"')
_ROLES: Final = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}


def as_row_cards(page: str) -> str:
    return _TABLE.sub(lambda table: _labelled(table[0]), page)


def _labelled(table: str) -> str:
    labels = [" ".join(_MARKUP.sub("", head).split()).replace('"', "&quot;") for head in _HEAD.findall(table)]
    if len(labels) < LEAST_COLUMNS:
        return table
    column = 0

    def labelled(part: re.Match[str]) -> str:
        nonlocal column
        tag, attributes = part.groups()
        if tag == "tr":
            column = 0
        if tag == "th" and 'scope="col"' in attributes:
            return f'<th{attributes} role="columnheader">'
        if tag not in ("th", "td"):
            return f'<{tag}{attributes} role="{_ROLES[tag]}">'
        label = labels[min(column, len(labels) - 1)]
        span = _SPAN.search(attributes)
        column += int(span[1]) if span else 1
        return f'<{tag}{attributes} role="{_ROLES.get(tag, "rowheader")}" data-label="{label}">'

    return _PART.sub(labelled, table)
