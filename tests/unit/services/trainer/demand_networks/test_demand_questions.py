"""Batches of a question's fit."""

import pytest

from ordercast.services.trainer.demand_networks.demand_questions import batch_size


@pytest.mark.parametrize(
    ("asked", "rows", "size"),
    [
        (1024, 400_000, 1024),
        (1024, 65_536, 1024),
        (1024, 65_535, 512),
        (1024, 9_859, 256),
        (1024, 1, 256),
        (64, 10, 64),
    ],
)
def test_a_small_shop_has_smaller_batches_and_never_larger_ones_than_were_asked_for(
    asked: int, rows: int, size: int
) -> None:
    assert batch_size(asked, rows) == size
