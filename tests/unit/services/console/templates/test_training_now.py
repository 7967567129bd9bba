"""One training, as its page and its stream show it."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ordercast.client.training_answers import Networks, Training
from ordercast.services.console.loss_curves import HEIGHT, WIDTH, LossCurves, curves_of, curves_so_far
from ordercast.services.console.parts import Missing
from ordercast.services.console.trainings.follow_training import OneTraining
from ordercast.services.console.trainings.read_trainings import Row
from tests.support.console_answers import NOW, VERSIONS, losses, manifest, training
from tests.support.console_pages import drawn

PUBLISHED = {"model_version": VERSIONS[0]["version"], "verdict": "published"}
SO_FAR = curves_so_far("demand", 30, {1: losses(1)})
LOOKED = {"question": "line", "epoch": 30, "collapsed": [2], "trained_again": [2], "attempt": 2, "attempts": 3}
OF_VERSION = curves_of(manifest(VERSIONS[0]["version"], "demand"))


def shown(status: str, curves: list[LossCurves] = SO_FAR, **more: Any) -> str:
    found = OneTraining(NOW, Row(msgspec.convert(training(1, status, **more), Training), NOW), None, curves)
    return drawn("training_now.html", found=found, training_id=1, size=(WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (shown("running"), "Which of them answer one constant is looked at after the last epoch."),
        (shown("succeeded", verdict="rejected"), "is not known: it ended before they were looked at"),
        (shown("cancelled"), "is not known: it ended before they were looked at"),
        (shown("succeeded", **PUBLISHED), "could not be read from its version."),
        (shown("succeeded", OF_VERSION, **PUBLISHED), "Answers one constant, dashed: network 3."),
    ],
)
def test_it_is_said_whether_it_can_be_known_which_networks_answer_a_constant(page: str, told: str) -> None:
    ways = ("after the last epoch.", "is not known: it", "could not be read", "dashed: network 3")
    assert told in page
    assert sum(way in page for way in ways) == 1


@pytest.mark.parametrize("status", ["running", "failed", "cancelled", "succeeded"])
def test_networks_that_answer_a_constant_are_named_however_it_ends(status: str) -> None:
    for looked, told in (
        (
            LOOKED,
            (
                "Answers one constant, dashed: network 3.",
                "trained again, 2nd of 3",
                "one constant</span>; trained again, 2nd",
            ),
        ),
        (
            LOOKED | {"attempt": 0},
            ("dashed: network 3.", "Trained again from another start: network 3.", "first start"),
        ),
        (
            LOOKED | {"attempt": 0, "collapsed": []},
            ("None of them", "another start: network 3.", "asked; trained again"),
        ),
    ):
        networks = [msgspec.convert(looked, Networks)]
        curves = curves_so_far("demand", 30, {1: losses(1)}, networks)
        page = shown(status, curves, networks=[looked])
        for words in told:
            assert words in page
        assert ('<polyline class="collapsed' in page) == bool(looked["collapsed"])
        assert ("1 network answers one constant." in read_aloud(page)) == bool(looked["collapsed"])


def test_where_the_version_does_not_come_it_is_said_who_did_not_bring_it_and_how_that_is_started() -> None:
    row = Row(msgspec.convert(training(1, "succeeded", **PUBLISHED), Training), NOW)
    found = OneTraining(NOW, row, None, SO_FAR, Missing("predictor", "nobody answers"))
    page = drawn("training_now.html", found=found, training_id=1, size=(WIDTH, HEIGHT))
    assert "predictor did not bring this:" in page
    assert "nobody answers" in page
    assert "<code>ordercast restart predictor</code>" in page


def test_one_epoch_is_a_dot_over_an_axis_of_all_epochs() -> None:
    page = shown("running")
    lines = re.findall(r'<polyline class="varies dot" points="(\S+) (\S+)"/>', page)
    assert lines
    assert all(begin == end for begin, end in lines)
    assert re.search(r'class="epochs dim" aria-hidden="true"><span>1</span><span>15</span><span>30 epochs<', page)
    later = shown("running", curves_so_far("demand", 30, {1: losses(1), 2: losses(2)}))
    assert "dot" not in later


def test_before_the_first_epoch_it_is_told_how_long_the_last_one_like_it_took() -> None:
    row = Row(msgspec.convert(training(1, "running", progress={"epoch": 0, "epochs": 90}), Training), NOW)
    for like, told in ((timedelta(seconds=94), True), (None, False)):
        page = drawn(
            "training_now.html", found=OneTraining(NOW, row, None, [], like=like), training_id=1, size=(WIDTH, HEIGHT)
        )
        assert ("The last training like it took 94 s from its start to its end." in page) == told


def read_aloud(page: str) -> str:
    [found] = re.findall(r'<div role="status"><p id="told" data-live>(.*?)</p></div>', page, re.DOTALL)
    return re.sub("<[^>]*>", "", found)


def test_its_end_is_read_aloud_and_no_epoch_before_it_is() -> None:
    aloud = [
        shown("queued", started_at=None),
        shown("running", progress={"epoch": 1, "epochs": 90}),
        shown("running", progress={"epoch": 2, "epochs": 90}),
        shown("succeeded", **PUBLISHED),
        shown("succeeded", verdict="rejected"),
        shown("failed"),
        shown("cancelled"),
    ]
    assert [read_aloud(page) for page in aloud] == [
        "It waits for its turn.",
        "It runs.",
        "It runs.",
        "It has ended, and succeeded.",
        "It has ended, and its model was not published: it is not good enough.",
        "It has ended: it failed.",
        "It has ended: it was cancelled.",
    ]


def test_one_that_was_rejected_looks_like_no_success_and_says_what_to_do() -> None:
    rejected, published = shown("succeeded", verdict="rejected"), shown("succeeded", **PUBLISHED)
    assert 'class="state on"' not in rejected
    assert "ordercast train --recipe demand --publish always" in rejected
    assert 'class="state on"' in published
    assert "--publish always" not in published


def test_how_long_it_took_is_said_of_one_that_is_over() -> None:
    assert "s so far." in shown("running")
    assert "Took " not in shown("running")
    assert "Took " in shown("succeeded", **PUBLISHED)
