"""Every text of the pages goes through the catalogue, and no language leaves one out."""

import ast
import html
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from ordercast.contracts.english import ENGLISH
from ordercast.services.console.flow.processes import SERVICES
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.console.texts import (
    HERE,
    LOCALES,
    SOURCE,
    TEMPLATES,
    environments,
    languages,
    preferred,
)
from ordercast.services.console.wiring import shown_urls
from ordercast.services.console.words import Words

OTHERS = [language for language in languages() if language != SOURCE]
TAG = re.compile(r"<[^>]*>")
TRANSLATED = re.compile(r"{%-? *trans\b.*?{%-? *endtrans *-?%}", re.DOTALL)
CODE = re.compile(r"<(code|style|script)\b.*?</\1>", re.DOTALL)
READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
# Names, which are the same in each language, and units.
NAMES = re.compile(r"\bOrdercast\b|\bHTTP\b")
# Texts that are the same in each language.
SAME = {"SKU", "Kafka"}


def texts_in_templates() -> set[object]:
    found = extract_from_dir(
        str(HERE), method_map=[("**.html", "jinja2"), ("**.py", "python")], keywords=DEFAULT_KEYWORDS | {"Words": None}
    )
    texts = {message if isinstance(message, str) else tuple(message[:2]) for _, _, message, _, _ in found}
    return texts | set(ENGLISH.values())


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_left_out_of_a_language_and_none_is_left_over(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    messages = [message for message in catalogue if message.id]
    assert {message.id for message in messages} == texts_in_templates()
    for message in messages:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"not translated: {message.id}"
        assert message.id in SAME or message.id != message.string, f"still English: {message.id}"
        assert not message.fuzzy, f"not sure: {message.id}"
        assert not list(message.check(catalogue)), message.id


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_nothing_to_read_stands_in_a_template_outside_the_catalogue(template: Path) -> None:
    source = TRANSLATED.sub("", template.read_text("utf-8"))
    source = CODE.sub("", re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", source, flags=re.DOTALL))
    read = " ".join([TAG.sub(" ", source), *READ_ALOUD.findall(source)])
    assert re.findall(r"[^\W\d_]{2,}", NAMES.sub("", re.sub(r"&\w+;", "", read))) == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_a_text_in_singular_and_plural_names_what_it_counts(template: Path) -> None:
    """Unless it does, Jinja counts by the first name of the tag, such as an account's id."""
    tags = re.findall(r"{% *trans\b *([^%]*)%}[^%]*{% *pluralize *(\w*) *%}", template.read_text("utf-8"))
    counted = [by or names.partition("=")[0] for names, by in tags]
    assert set(counted) <= {"count", "weeks", "days", "epochs"}


# What no page shows as it stands: codes that templates turn into words, names of a folder or command, an answer to a script.
NO_TEXT = {"not sold", "not installed", "no file", "too many", "refused rows", "ordercast restart SERVICE"} | {
    "too many streams are open"
}
PROSE = re.compile(r"[A-Za-z]{2,}[,:]? [a-z]{2,}")


def prose_in(node: ast.AST) -> Iterator[str]:
    """What Python could show: no documentation, log lines, descriptions of settings, or what goes through the catalogue."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called in ("Words", "FastAPI", "create_app") or called.startswith("log."):
            node = ast.Tuple([each.value for each in node.keywords] if called == "Words" else [], ast.Load())
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        if PROSE.search(text) and not text.startswith(("event: ", "id: ")):
            yield text
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and PROSE.search(node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.keyword) and child.arg == "description"):
            yield from prose_in(child)


@pytest.mark.parametrize("language", environments())
def test_what_is_rounded_to_nothing_has_no_sign(language: str) -> None:
    made = environments()[language]
    for source, told in (("-0.001 | number(2)", "0"), ("-0.4 | number", "0"), ("-0.0001 | percent(1)", "0.0%")):
        assert made.from_string("{{ " + source + " }}").render() == told
    assert made.from_string("{{ -0.001 | signed(2) }} {{ 0.001 | signed(2) }}").render() == "0 0"
    assert made.from_string("{{ 0.25 | signed(2) }} {{ -0.25 | signed(2) }}").render() == "+0.25 -0.25"


@pytest.mark.parametrize("path", sorted(HERE.rglob("*.py")), ids=lambda path: str(path.relative_to(HERE)))
def test_nothing_to_read_stands_in_python_outside_the_catalogue(path: Path) -> None:
    assert set(prose_in(ast.parse(path.read_text("utf-8")))) - NO_TEXT == set()


# Values out of a few, which are codes: a page has words for each.
CODE_OUT = re.compile(r"\w+\.(?:role|subject|state|on_conflict|dates|decimals)")
SHOWN_AS_IT_IS = {"line.subject"}  # a path


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_code_is_shown_in_place_of_a_word(template: Path) -> None:
    source = CODE.sub("", re.sub(r"<pre>.*?</pre>", "", template.read_text("utf-8"), flags=re.DOTALL))
    source = re.sub(r'="(?:[^"{]|{{.*?}}|{%.*?%})*"', "", source)
    shown = re.findall(r"{{ *([\w.]+) *(?: or [^}]*)?}}", source)
    handed = [value for trans in re.findall(r"{% trans ([^%]*)%}", source) for value in re.findall(r"=([\w.]+)", trans)]
    assert {one for one in (*shown, *handed) if CODE_OUT.search(one)} - SHOWN_AS_IT_IS == set()


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_text_runs_into_the_next_line_s(template: Path) -> None:
    """A line's end after a tag is taken off: a sentence that goes on in the next line needs its blank in this one."""
    assert re.findall(r".*:{% endtrans %}\n(?!<)", template.read_text("utf-8")) == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_money_is_written_as_its_language_does(template: Path) -> None:
    # What a cart's own cookie says of a product that is not there is text.
    assert set(re.findall(r"{{ *([\w.]+\.(?:price|total)) *}}", template.read_text("utf-8"))) <= {"one.line.price"}


def test_the_same_english_word_may_be_two_in_another_language() -> None:
    shown = environments()["ko"].from_string(
        '{% trans "rows" %}orders{% endtrans %}, 3 {% trans %}orders{% endtrans %}'
    )
    assert shown.render() == "주문, 3 건"


def test_what_python_says_is_shown_in_the_reader_s_language() -> None:
    words = Words("no answer within %(seconds)s s", {"seconds": "2.5"})
    shown = {language: made.from_string("{{ words }}").render(words=words) for language, made in environments().items()}
    assert shown == {"en": "no answer within 2.5 s", "ko": "2.5초 안에 응답이 없습니다"}


def test_numbers_and_words_in_what_python_says_are_shown_in_it_too() -> None:
    words = Words("%(rows)s new rows (rule: %(rule)s)", {"rows": 12_345, "rule": Words("Reason")})
    shown = {language: made.from_string("{{ words }}").render(words=words) for language, made in environments().items()}
    assert shown == {"en": "12,345 new rows (rule: Reason)", "ko": "새 행 12,345개 (규칙: 이유개)"}


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
            "kubectl rollout restart deployment,statefulset -l component=SERVICE-NAME",
            "kubectl rollout restart deployment,statefulset -l component=feature-worker",
        ),
    ],
)
def test_a_service_that_is_away_is_started_by_what_works_where_it_runs(command: str, shown: str) -> None:
    template = environments(command)["en"].from_string('{{ restart("feature_worker") }}')
    assert template.render() == shown


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_page_knows_by_itself_how_services_are_started(template: Path) -> None:
    assert "ordercast restart" not in template.read_text("utf-8")


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_page_knows_by_itself_where_services_answer(template: Path) -> None:
    source = template.read_text("utf-8")
    assert re.findall(r"\b(?:127\.0\.0\.1|localhost)\b|https?://[^/\s{]*:\d+", source) == []
    assert {name for _, name in re.findall(r"\b(inner_)?urls\.(\w+)", source)} <= set(SERVICES)


def test_a_command_has_the_address_at_which_its_reader_reaches_a_service() -> None:
    settings = ConsoleSettings(
        order_api_url="http://order_api:8000",
        public_order_api_url="https://shop.example/",
        relay_url="http://127.0.0.1:8104, http://127.0.0.1:49152",
    )
    urls, inner = shown_urls(settings)
    made = environments(urls=urls, inner_urls=inner)["en"]
    shown = made.from_string(
        "{{ urls.order_api }} {{ inner_urls.order_api }} {{ urls.trainer }} {{ urls.relay }}"
    ).render()
    assert shown.split() == [
        "https://shop.example",
        "http://order_api:8000",
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8104",
    ]


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
        (None, "en;q=0.1,ko;q=0.9", "ko"),
        ("xx", "", "en"),
        (None, "", "en"),
    ],
)
def test_the_chosen_language_counts_then_the_browser_s(chosen: str | None, accepted: str, language: str) -> None:
    assert preferred(chosen, accepted) == language
