"""The picture can be drawn from whatever a system holds; what it shows is for eyes, and was looked at."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from ordercast.client.model_answers import Prediction
from ordercast.demo.draw_predictions import JITTER, Point, draw_predictions

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("groups", [("uniform sample",), ("signal sample", "uniform sample"), ("a", "b", "c")])
def test_a_png_is_written_for_any_groups_of_data(tmp_path: Path, groups: tuple[str, ...]) -> None:
    predictions = [Prediction(4.0, 0.5, [3.5, 4.5], "v1", views) for views in range(0, 10_001, 1_000)]
    points = [Point(views, 1 + views // 1_500, group) for group in groups for views in range(1_000, 10_000, 500)]
    draw_predictions(tmp_path / "curve.png", predictions, points)
    content = (tmp_path / "curve.png").read_bytes()
    assert content.startswith(PNG)
    assert int.from_bytes(content[16:20]) == 12 * 120  # its width in pixels, as the header says


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    predictions = [Prediction(4.0, 0.5, [3.5, 4.5], "v1", views) for views in (0, 1)]
    with pytest.raises(FileNotFoundError):
        draw_predictions(tmp_path / "gone" / "curve.png", predictions, [Point(1, 1, "a"), Point(2, 2, "a")])


def test_it_is_told_that_dots_do_not_stand_where_their_quantities_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, _: told.append(figure.axes[0].get_ylabel()))
    predictions = [Prediction(4.0, 0.5, [3.5, 4.5], "v1", views) for views in (0, 1)]
    draw_predictions(tmp_path / "curve.png", predictions, [Point(1, 1, "a"), Point(2, 2, "a")])
    assert f"moved by up to {JITTER}" in told[0]
