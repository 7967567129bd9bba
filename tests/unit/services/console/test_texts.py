"""Every text of the pages goes through the catalogue, and no language leaves one out."""

import html
import re
import shlex
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from ordercast.services.console.texts import HERE, LOCALES, SOURCE, TEMPLATES, environments, languages, preferred

OTHERS = [language for language in languages() if language != SOURCE]
TAG = re.compile(r"<[^>]*>")
TRANSLATED = re.compile(r"{%-? *trans\b.*?{%-? *endtrans *-?%}", re.DOTALL)
CODE = re.compile(r"<(code|style|script)\b.*?</\1>", re.DOTALL)
READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
# Names, which are the same in each language, and units.
NAMES = re.compile(r"\bOrdercast\b|\bHTTP\b")


def texts_in_templates() -> set[object]:
    found = extract_from_dir(str(HERE), method_map=[("**.html", "jinja2"), ("**.py", "python")])
    return {message if isinstance(message, str) else tuple(message[:2]) for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_left_out_of_a_language_and_none_is_left_over(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    messages = [message for message in catalogue if message.id]
    assert {message.id for message in messages} == texts_in_templates()
    for message in messages:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"not translated: {message.id}"
        assert not message.fuzzy, f"not sure: {message.id}"
        assert not list(message.check(catalogue)), message.id


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_nothing_to_read_stands_in_a_template_outside_the_catalogue(template: Path) -> None:
    source = TRANSLATED.sub("", template.read_text("utf-8"))
    source = CODE.sub("", re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", source, flags=re.DOTALL))
    read = " ".join([TAG.sub(" ", source), *READ_ALOUD.findall(source)])
    assert re.findall(r"[^\W\d_]{2,}", NAMES.sub("", re.sub(r"&\w+;", "", read))) == []


def test_no_text_has_a_percent_sign_of_its_own() -> None:
    """Jinja doubles it when it looks a text up, so that no catalogue would have it: it belongs to the number before it."""
    assert [text for text in texts_in_templates() if re.search(r"%(?!\(\w+\)s)", str(text))] == []


def test_a_number_is_written_as_its_language_does() -> None:
    made = environments()
    template = "{{ 1234.5 | number(1) }} {{ 0.913 | percent(1) }}"
    assert made["en"].from_string(template).render() == "1,234.5 91.3%"
    day = datetime.now(UTC).date().replace(month=3, day=9)
    assert made["en"].from_string("{{ day | day }}").render(day=day) == "Mar 9"
    assert made["ko"].from_string("{{ day | day }}").render(day=day) == "3월 9일"
    assert made["ko"].from_string(template).render() == "1,234.5 91.3%"


def test_money_keeps_the_decimals_that_it_came_with() -> None:
    shown = environments()["en"].from_string('{{ price | money("EUR") }}').render
    assert shown(price=Decimal("75000.00")) == "75,000.00 EUR"
    assert shown(price=Decimal("0.1250")) == "0.1250 EUR"
    assert shown(price=Decimal(1200)) == "1,200 EUR"


DATA = re.compile(r"product\.sku|forecast\.sku|form\.name|form\.recipe|asked\.search|file\.name|\bscope\b")


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_what_people_have_typed_is_quoted_in_a_command_to_copy(template: Path) -> None:
    commands = re.findall(r"<(pre|code)>(.*?)</\1>", template.read_text("utf-8"), re.DOTALL)
    shown = [
        value
        for _, text in commands
        if re.search(r"\b(ordercast|curl) ", text)
        for value in re.findall(r"{{(.*?)}}", text)
        if DATA.search(value)
    ]
    assert [value for value in shown if not re.search(r"\| (shell|urlencode)\b", value)] == []


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("ordercast restart SERVICE", "ordercast restart feature_worker"),
        ("docker compose restart SERVICE", "docker compose restart feature_worker"),
        (
            "kubectl rollout restart deployment/shop-SERVICE-NAME",
            "kubectl rollout restart deployment/shop-feature-worker",
        ),
    ],
)
def test_a_service_that_is_away_is_started_by_what_works_where_it_runs(command: str, shown: str) -> None:
    template = environments(command)["en"].from_string('{{ restart("feature_worker") }}')
    assert template.render() == shown


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_page_knows_by_itself_how_services_are_started(template: Path) -> None:
    assert "ordercast restart" not in template.read_text("utf-8")


def test_a_word_of_a_command_stays_one_word() -> None:
    shown = environments()["en"].from_string("{{ sku | shell }}").render
    assert shown(sku="P-1") == "P-1"
    assert shlex.split(html.unescape(shown(sku="it's; rm -rf $(x) `y`"))) == ["it's; rm -rf $(x) `y`"]


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("ko", "en", "ko"),
        (None, "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        (None, "de-DE,de;q=0.9", "en"),
        ("xx", "", "en"),
        (None, "", "en"),
    ],
)
def test_the_chosen_language_counts_then_the_browser_s(chosen: str | None, accepted: str, language: str) -> None:
    assert preferred(chosen, accepted) == language
