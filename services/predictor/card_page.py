"""The parts of a card's page: elements, tables and the page around them. All text goes in as text, so that none is markup."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

Content = Element | str
# Of a table: a number is written as one.
Cell = Element | str | float | None

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5c6675; --line: #d5dae1; --paper: #fff; --box: #f5f7fa;
  --good: #1f6feb; --bad: #c4351c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --dim: #9aa5b4; --line: #36404d; --paper: #12161c;
  --box: #1a2029; --good: #6ea8fe; --bad: #ff8a70; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 0.3rem; }
p, li, td { overflow-wrap: anywhere; }
.dim, figcaption { color: var(--dim); }
.bad { color: var(--bad); }
.wide { overflow-x: auto; margin: 0.4rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.15rem 0.8rem 0.15rem 0; vertical-align: top; }
thead th { border-bottom: 1px solid var(--line); }
thead th, thead + tbody td { white-space: nowrap; }
td.number, th.number { text-align: right; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1rem; }
figure { margin: 0; background: var(--box); padding: 0.6rem; border-radius: 6px; min-width: 0; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.axis { stroke: var(--line); fill: none; }
.member { stroke: var(--good); fill: none; opacity: 0.75; }
.collapsed { stroke: var(--bad); fill: none; stroke-dasharray: 4 3; stroke-width: 2; }
.even { stroke: var(--dim); fill: none; stroke-dasharray: 2 3; }
.point { fill: var(--good); }
"""
# Nothing is loaded from anywhere and nothing runs: the style above is known by its hash.
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)


def element(tag: str, *content: Content, **attributes: str) -> Element:
    """`class_` is the attribute class; an underscore within a name is a hyphen."""
    made = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for part in content:
        if isinstance(part, Element):
            made.append(part)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + part
        else:
            made.text = (made.text or "") + part
    return made


def number(value: float | None) -> str:
    """To read: four digits, thousands apart; a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Element:
    """Columns of numbers stand to the right."""
    rows = list(rows)
    numeric = [all(not isinstance(row[place], str | Element) for row in rows) for place in range(len(heads))]

    def cells(tag: str, values: Sequence[Cell]) -> Element:
        return element(
            "tr",
            *(
                element(
                    tag,
                    value if isinstance(value, str | Element) else number(value),
                    **({"class_": "number"} if right else {}),
                )
                for value, right in zip(values, numeric, strict=True)
            ),
        )

    made = element("table", element("thead", cells("th", heads)), element("tbody", *(cells("td", row) for row in rows)))
    return element("div", made, class_="wide")


def facts(pairs: Iterable[tuple[str, str | float | None]]) -> Element:
    """Names and what they are, in two columns."""
    rows = [
        element(
            "tr", element("th", name, scope="row"), element("td", value if isinstance(value, str) else number(value))
        )
        for name, value in pairs
    ]
    return element("div", element("table", element("tbody", *rows)), class_="wide")


def page(title: str, body: Iterable[Element], language: str) -> bytes:
    """The whole page; saved to a file it keeps to its policy, too."""
    html = element("html", lang=language)
    head = SubElement(html, "head")
    head.append(element("meta", charset="utf-8"))
    head.append(element("meta", http_equiv="Content-Security-Policy", content=POLICY))
    head.append(element("meta", name="viewport", content="width=device-width, initial-scale=1"))
    head.append(element("title", title))
    head.append(element("style", STYLE))
    html.append(element("body", element("main", *body)))
    written: bytes = tostring(html, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + written + b"\n"
