"""What is told of networks that answer one constant."""

import pytest

from ordercast.client.training_answers import Networks


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        (Networks("line", 30, []), []),
        (Networks("views", 4, [0, 6]), ["views: networks 1, 7 answer one constant"]),
        (
            Networks("line", 30, [2], [2], 2, 3),
            ["line: network 3 answers one constant; trained again, 2nd of 3"],
        ),
        (
            Networks("pair", 60, [2], [2, 4], 0, 3),
            [
                "pair: network 3 answers one constant, also trained again",
                "pair: network 5 answered one constant until trained again",
            ],
        ),
    ],
)
def test_networks_that_answer_one_constant_are_named_and_how_often_they_were_trained_again(
    networks: Networks, told: list[str]
) -> None:
    assert networks.lines() == told
