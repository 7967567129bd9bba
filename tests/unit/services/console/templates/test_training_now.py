"""One training, as its page and its stream show it."""

import re
from typing import Any

import msgspec
import pytest

from ordercast.client.training_answers import Training
from ordercast.services.console.loss_curves import HEIGHT, WIDTH, LossCurves, curves_of, curves_so_far
from ordercast.services.console.trainings.follow_training import OneTraining
from ordercast.services.console.trainings.read_trainings import Row
from tests.support.console_answers import NOW, VERSIONS, losses, manifest, training
from tests.support.console_pages import drawn

PUBLISHED = {"model_version": VERSIONS[0]["version"], "verdict": "published"}
SO_FAR = curves_so_far("demand", 30, {1: losses(1)})
OF_VERSION = curves_of(manifest(VERSIONS[0]["version"], "demand"))


def shown(status: str, curves: list[LossCurves] = SO_FAR, **more: Any) -> str:
    found = OneTraining(NOW, Row(msgspec.convert(training(1, status, **more), Training), NOW), None, curves)
    return drawn("training_now.html", found=found, training_id=1, size=(WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (shown("running"), "Which of them answer one constant is known when its version is published."),
        (shown("succeeded", verdict="rejected"), "is not known: no version of it was published."),
        (shown("cancelled"), "is not known: no version of it was published."),
        (shown("succeeded", **PUBLISHED), "could not be read from its version."),
        (shown("succeeded", OF_VERSION, **PUBLISHED), "Answers one constant, dashed: network 3."),
    ],
)
def test_it_is_said_whether_it_can_be_known_which_networks_answer_a_constant(page: str, told: str) -> None:
    ways = ("when its version is published", "is not known: no", "could not be read", "dashed: network 3")
    assert told in page
    assert sum(way in page for way in ways) == 1


def read_aloud(page: str) -> str:
    [found] = re.findall(r'<div role="status"><p id="told" data-live>(.*?)</p></div>', page, re.DOTALL)
    return re.sub("<[^>]*>", "", found)


def test_its_end_is_read_aloud_and_no_epoch_before_it_is() -> None:
    aloud = [
        shown("queued", started_at=None),
        shown("running", progress={"epoch": 1, "epochs": 90}),
        shown("running", progress={"epoch": 2, "epochs": 90}),
        shown("succeeded", **PUBLISHED),
        shown("failed"),
        shown("cancelled"),
    ]
    assert [read_aloud(page) for page in aloud] == [
        "It waits for its turn.",
        "It runs.",
        "It runs.",
        "It has ended, and succeeded.",
        "It has ended: it failed.",
        "It has ended: it was cancelled.",
    ]
