"""Templates of the console as an operator gets them, without a console."""

from types import SimpleNamespace
from typing import Any, Final

from ordercast.services.console.pages import THEMES
from ordercast.services.console.parts import is_missing
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.console.texts import environments
from ordercast.services.console.wiring import shown_urls

_URLS, _INNER = shown_urls(ConsoleSettings())
_ENGLISH: Final = environments(urls=_URLS, inner_urls=_INNER)["en"]


def drawn(template: str, **values: Any) -> str:
    """A page, or a part of one."""
    account = SimpleNamespace(id=7, nickname="olga", role="OPERATOR")
    frame = {
        "log_in": SimpleNamespace(account=account, may_operate=True, is_admin=False),
        "csrf": "a form's own",
        "theme": THEMES[0],
        "themes": THEMES,
        "path": "/",
        "here": "/",
        "in_shop": False,
        "cart": None,
        "missing": is_missing,
    }
    return _ENGLISH.get_template(template).render(frame | values)
