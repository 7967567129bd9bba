"""The forms of a page, and what a browser sends of them where nobody has typed anything, or everything was emptied."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

# What somebody types into; a browser sends it empty.
TYPED: Final = frozenset({"text", "search", "email", "password", "number", "date", "url", "tel"})
_NOT_SENT: Final = frozenset({"submit", "button", "reset", "file", "image"})


@dataclass
class FormInPage:
    action: str
    method: str
    kind: str
    # In their order: each a name with what is sent, and whether it is typed.
    fields: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def typed(self) -> list[str]:
        return [name for name, _, is_typed in self.fields if is_typed]

    @property
    def emptied(self) -> list[tuple[str, str]]:
        """As a browser sends it with nothing in any field; what is hidden or chosen stays."""
        return [(name, "" if is_typed else value) for name, value, is_typed in self.fields]

    def typing(self, name: str, text: str) -> list[tuple[str, str]]:
        """With this in one field, and in the others what the page has there."""
        return [(each, text if each == name else value) for each, value, _ in self.fields]


def forms_in(page: str, path: str) -> list[FormInPage]:
    """Those of the page at this path, which is where a form without an action is sent to."""
    reader = _Reader(path.partition("?")[0])
    reader.feed(page)
    reader.close()
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: list[FormInPage] = []
        self._path = path
        self._form: FormInPage | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            kind = given.get("enctype", "application/x-www-form-urlencoded")
            self._form = FormInPage(given.get("action") or self._path, given.get("method", "get").upper(), kind)
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "select":
            self._select, self._options = given.get("name"), []
        elif tag == "option":
            self._options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea" and "name" in given:
            self._text = given["name"], []
        elif tag == "input":
            self._form.fields += _of_input(given)

    def handle_data(self, data: str) -> None:
        if self._text:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._form and self._select and self._options:
            chosen = next((value for value, selected in self._options if selected), self._options[0][0])
            self._form.fields.append((self._select, chosen, False))
        elif tag == "textarea" and self._form and self._text:
            self._form.fields.append((self._text[0], "".join(self._text[1]), True))
            self._text = None


def _of_input(given: dict[str, str]) -> Iterator[tuple[str, str, bool]]:
    kind = given.get("type", "text")
    is_sent = kind not in ("checkbox", "radio") or "checked" in given
    if "name" in given and "disabled" not in given and kind not in _NOT_SENT and is_sent:
        yield given["name"], given.get("value", "on" if kind == "checkbox" else ""), kind in TYPED
