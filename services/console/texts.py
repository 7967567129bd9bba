"""The console's texts by language, and how each language writes numbers and times.

English stands in the templates; every other language is one file, `locales/LANGUAGE.po`, which is read at the start: there is
nothing to compile.
"""

import gettext
import shlex
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ordercast.services.console.curves import points, trend
from ordercast.services.console.flow.processes import service_of
from ordercast.services.console.sentences import words_of
from ordercast.services.console.static_files import static
from ordercast.services.console.words import Words
from ordercast.services.shared.http.accept import preferred_language

HERE: Final = Path(__file__).parent
LOCALES: Final = HERE / "locales"
TEMPLATES: Final = HERE / "templates"
SOURCE: Final = "en"


def languages() -> list[str]:
    """All there are, the templates' own first."""
    return [SOURCE, *sorted(path.stem for path in LOCALES.glob("*.po"))]


@cache
def translations_of(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def environments(
    restart_command: str = "ordercast restart SERVICE",
    urls: Mapping[str, str] = MappingProxyType({}),
    inner_urls: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Environment]:
    """What renders the templates, by language. `restart_command` is how whoever runs the system starts a service again; `urls` are
    where services answer them, by name, and `inner_urls` where they answer the console, which metrics and health do alone."""

    def restart(process: str) -> str:
        service = service_of(process)
        # Kubernetes' names have no underscores.
        return restart_command.replace("SERVICE-NAME", service.replace("_", "-")).replace("SERVICE", service)

    shared = {
        "restart": restart,
        "static": static,
        "urls": {name: url.rstrip("/") for name, url in urls.items()},
        "inner_urls": {name: url.rstrip("/") for name, url in inner_urls.items()},
    }
    return {language: _environment(language, shared) for language in languages()}


def _environment(language: str, shared: Mapping[str, Any]) -> Environment:
    translations = translations_of(language)

    formats = _formats(language)

    def in_words(value: object) -> object:
        """A text that Python hands over; numbers in it are written as the language does, too."""
        if isinstance(value, Words):
            text = translations.gettext(value.text)
            return text % {name: in_words(part) for name, part in value.values.items()} if value.values else text
        if isinstance(value, int | float):
            return formats["number"](value, 2 if isinstance(value, float) and abs(value) < 100 else 0)
        return value

    def said(value: object) -> object:
        return in_words(value) if isinstance(value, Words) else value

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=said,
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "language": language,
        **shared,
        "words_of": words_of,
        "languages": {each: Locale.parse(each).get_display_name(each) for each in languages()},
    }
    environment.filters |= {**formats, "points": points, "trend": trend}
    return environment


def _formats(language: str) -> Mapping[str, Any]:
    def number(value: float, digits: int = 0) -> str:
        # What is rounded to nothing has no sign.
        rounded = round(value, digits) or 0
        return str(format_decimal(rounded, "#,##0." + "#" * digits if digits else "#,##0", locale=language))

    def signed(value: float, digits: int = 0) -> str:
        return ("+" if round(value, digits) > 0 else "") + number(value, digits)

    def told(value: float | None, digits: int = 0) -> str:
        """A number, or a line where nobody says it."""
        return "–" if value is None else number(value, digits)

    def money(value: Decimal, currency: str) -> str:
        # As many decimals as came: the API knows what can be paid in a currency.
        digits = max(0, -int(value.as_tuple().exponent))
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return f"{format_decimal(value, pattern, locale=language, decimal_quantization=False)} {currency}"

    def percent(value: float, digits: int = 0) -> str:
        return str(
            format_percent(
                round(value, digits + 2) or 0, "#,##0" + ("." + "0" * digits if digits else "") + "%", locale=language
            )
        )

    def day(value: date) -> str:
        if value.year != datetime.now(UTC).year:
            return str(format_date(value, "medium", locale=language))
        return str(format_skeleton("MMMd", datetime.combine(value, time()), locale=language))

    def moment(value: datetime) -> str:
        return str(format_datetime(value, "yyyy-MM-dd HH:mm:ss", tzinfo=UTC, locale=language)) + " UTC"

    return {
        "number": number,
        "signed": signed,
        "told": told,
        "money": money,
        "percent": percent,
        "day": day,
        "moment": moment,
        "shell": shlex.quote,
    }


def preferred(chosen: str | None, accepted: str) -> str:
    """The language that was chosen, else the one that the header Accept-Language prefers of those that there are, else English."""
    return chosen if chosen in _KNOWN else preferred_language(accepted, _KNOWN, SOURCE)


_KNOWN: Final = frozenset(languages())
