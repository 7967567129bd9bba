from collections.abc import Iterator

import pytest

from tests.support.compiled_networks import compiled_once


@pytest.fixture(scope="module", autouse=True)
def networks_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield
