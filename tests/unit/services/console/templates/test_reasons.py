"""What services tell as data is read in the reader's language."""

import re
from typing import Any

import pytest

from ordercast.client.training_answers import Judgement
from ordercast.contracts.because import CODES, Because, sentence
from ordercast.services.console.texts import environments
from ordercast.services.trainer.judging.opponents import NAIVE_LINES, NAIVE_PRODUCTS, naive_pairs
from ordercast.services.trainer.training.judge_demand import NETWORKS, SERVING

SENTENCE = "the sentence of the service"
NAMES: dict[str, Any] = {"question": "pair", "against": "mean", "first": "2026-01-02", "until": "2026-03-04"}
PAGES = environments()


def shown(language: str, call: str, **values: Any) -> str:
    macros = "beyond, doubts, judged, opponent, reason, row_of_reasons"
    source = f'{{% from "reasons.html" import {macros} with context %}}{{{{ {call} }}}}'
    return PAGES[language].from_string(source).render(**values).strip()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", PAGES)
def test_every_reason_has_words_in_every_language(language: str, code: str) -> None:
    values = {name: NAMES.get(name, 4) for name in CODES[code]}
    page = shown(language, "reason(because, sentence)", because=Because(code, values), sentence=SENTENCE)
    words = re.sub(r'<span lang="en">.*?</span>', "", page)
    assert (SENTENCE in page) == (code == "process-died")
    assert re.search("[가-힣]" if language == "ko" else "[a-z]{2}", words)
    assert all(str(value) in words for name, value in values.items() if name not in ("question", "against", "share"))


@pytest.mark.parametrize(
    "because", [None, Because("of a later release", {"more": 1}), Because("nothing-known-lately", {"more": 1})]
)
def test_what_there_are_no_words_for_is_said_as_the_service_says_it(because: Because | None) -> None:
    page = shown("ko", "reason(because, sentence)", because=because, sentence="<b>")
    assert page == '<span lang="en">&lt;b&gt;</span>'


def test_several_reasons_stand_in_a_row_and_features_are_called_by_what_they_mean() -> None:
    told = [sentence("never-not-seen", feature="age"), sentence("nothing-known-lately", days=1_095)]
    call = "row_of_reasons(list, sentences)"
    read = shown("ko", call, list=[one.because for one in told], sentences=SENTENCE)
    assert (
        read
        == "첫 주문 이후의 일수: 한 번도 없음, 학습한 데이터에는 없던 경우입니다; 지난 1,095일에 대해 알려진 것이 없습니다. "
        "기록이 끝났다면 마지막 날을 기준으로 물으세요"
    )
    assert shown("ko", call, list=[], sentences=SENTENCE) == f'<span lang="en">{SENTENCE}</span>'


def test_a_row_with_codes_that_are_not_known_here_is_told_once_as_the_service_says_it() -> None:
    known = sentence("nothing-known-lately", days=3).because
    unknown = [Because("of a later release", {}), Because("of another one", {})]
    for row in (unknown, [known, *unknown], [unknown[0], known]):
        read = shown("ko", "row_of_reasons(list, sentences)", list=row, sentences="this; that; those")
        assert read == '<span lang="en">this; that; those</span>'


@pytest.mark.parametrize("count", [1, 3, 4, 15])
@pytest.mark.parametrize("known", [True, False])
def test_of_many_reasons_three_are_shown_and_the_others_open_on_demand(count: int, known: bool) -> None:
    told = [sentence("nothing-known-lately", days=100 + number) for number in range(count)]
    answer = {
        "extrapolates": True,
        "extrapolates_because": [str(one) for one in told],
        "beyond": [one.because for one in told] if known else [],
    }
    page = shown("en", "beyond(answer)", answer=answer)
    first, _, others = page.partition("<details>")
    assert [str(day) in first for day in range(100, 100 + count)] == [place < 3 for place in range(count)]
    assert [str(day) in others for day in range(100, 100 + count)] == [place >= 3 for place in range(count)]
    assert (f"<summary>{count - 3} more</summary>" in page) == (count > 3)
    assert shown("en", "beyond(answer)", answer={"extrapolates": False}) == ""


def test_every_answer_that_a_model_is_compared_with_has_a_name_in_korean() -> None:
    opponents = (*naive_pairs(28), *NAIVE_LINES, *NAIVE_PRODUCTS)
    for name in {NETWORKS, SERVING, *(opponent.name for opponent in opponents)}:
        assert re.fullmatch(r"[가-힣\d ]+", shown("ko", "opponent(name)", name=name)), name


@pytest.mark.parametrize("quality", ["better than the mean", "no better than the mean", "worse than the mean"])
def test_what_a_baseline_is_worth_is_made_of_its_numbers(quality: str) -> None:
    doubt = Because("networks-collapsed", {"count": 3, "members": 10})
    judgement = Judgement(quality, SENTENCE, 3, 1.25, 1.0, 0.25, -0.5, 0.75, 1200.0, ["three of ten", "more"], [doubt])
    korean = shown("ko", "judged(judgement)", judgement=judgement)
    assert SENTENCE not in korean
    assert all(told in korean for told in ("1.25", "+0.25", "-0.5", "+0.75", "1,200"))
    warned = shown("ko", "doubts(judgement)", judgement=judgement)
    assert "신경망 10개 중 3개" in warned
    assert '<span lang="en">more</span>' in warned
