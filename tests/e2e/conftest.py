"""One system with all its processes, and a small sample in it, shared by the end-to-end tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from infra.local.ports import Ports
from infra.local.system import System, running_system
from ordercast.client import Addresses, Client, open_client
from ordercast.operator_account import operator_login
from ordercast.post_sample import PostedSample, post_sample
from ordercast.sample import Sample, make_sample
from ordercast.verify import Verification, verify

PASSWORD = "a password for the sample"


@dataclass(frozen=True, slots=True)
class Shop:
    """A running system, clients of it, and the sample that was posted."""

    system: System
    anonymous: Client
    admin: Client
    sample: Sample
    posted: PostedSample

    async def verified(self) -> Verification:
        """Waits until the feature table has caught up, then compares it with the source data."""
        info = self.system.info
        return await verify(info.database_url, info.kafka_bootstrap, wait_s=60)


@pytest.fixture(scope="session")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with running_system(tmp_path_factory.mktemp("e2e") / "state", Ports(4000).next_free_offset()) as system:
        urls = system.urls
        addresses = Addresses(urls["order_api"], urls["trainer"], urls["predictor"])
        async with open_client(addresses) as anonymous:
            login = await operator_login(system.folder, system.info)
            admin = await anonymous.log_in(login.email, login.password)
            sample = make_sample("uniform", seed=1, orders=300)
            posted = await post_sample(anonymous, admin, sample, password=PASSWORD)
            yield Shop(system, anonymous, admin, sample, posted)
