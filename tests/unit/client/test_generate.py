"""The client without asyncio is the one with it, made anew."""

import pytest

from ordercast.client.generate import BLOCKING, MODULES, generated


@pytest.mark.parametrize("name", MODULES)
def test_the_committed_module_is_made_from_the_one_with_asyncio(name: str) -> None:
    text = (BLOCKING / f"{name}.py").read_text()
    assert text == generated(name), "run: python -m ordercast.client.generate"
    assert "async" not in text


def test_nothing_else_stands_there() -> None:
    assert {path.stem for path in BLOCKING.glob("*.py")} == set(MODULES)
