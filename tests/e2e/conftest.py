"""One system with all its processes, and a small sample in it, shared by the end-to-end tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ordercast.client import Client
from ordercast.sample.make_sample import Sample, make_sample
from ordercast.sample.post_sample import PostedSample, post_sample
from ordercast.testing import SystemUnderTest, open_ordercast, open_system
from ordercast.verify import Verification, verify
from tests.support.stack import Stack

PASSWORD = "a password for the sample"


@dataclass(frozen=True, slots=True)
class Shop:
    """A running system, clients of it, and the sample that was posted."""

    system: SystemUnderTest
    anonymous: Client
    admin: Client
    sample: Sample
    posted: PostedSample

    async def verified(self) -> Verification:
        """Waits until the feature table has caught up, then compares it with the source data."""
        return await verify(self.system.database_url, self.system.kafka_bootstrap, wait_s=60)


@pytest.fixture(scope="package")
async def shop(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with open_system(stack.name, tmp_path_factory.mktemp("e2e")) as system, open_ordercast(system) as ordercast:
        sample = make_sample("uniform", seed=1, orders=300)
        posted = await post_sample(ordercast.anonymous, ordercast.admin, sample, password=PASSWORD)
        yield Shop(system, ordercast.anonymous, ordercast.admin, sample, posted)
        # Each service's role may do all that it tries (infra/migrations/rights.py).
        assert "permission denied" not in system.log("postgres")
