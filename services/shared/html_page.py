"""The frame of the services' own pages. They have no script and load nothing."""

from collections.abc import Iterable
from html import escape
from typing import Final

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; color: #1d2733; background: #fff }
h1, h2, h3 { line-height: 1.2 } h2 { border-bottom: 1px solid #c8d2dc; margin-top: 3rem } h3 { margin-top: 2.5rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem } caption { text-align: left; font-weight: 600 }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e3e9ef }
code, pre { font: .9em ui-monospace, monospace } pre { background: #f2f5f8; padding: .75rem; overflow-x: auto }
nav ul { columns: 2; padding-left: 1.25rem } .scroll { overflow-x: auto }
@media (prefers-color-scheme: dark) {
  body { color: #dde5ec; background: #14191f } pre { background: #1e262e } a { color: #7db8f5 }
  th, td, h2 { border-color: #35414d }
}
"""


def html_page(title: str, parts: Iterable[str]) -> str:
    """A page with these parts, which are HTML; the title is not."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def prose(text: str) -> str:
    """Text as HTML; code stands between backticks."""
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else escape(part) for number, part in enumerate(text.split("`"))
    )
