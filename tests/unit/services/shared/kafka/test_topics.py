"""Topics that are there already, on clusters that let nobody look at their limits or alter them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import yaml
from aiokafka.admin.config_resource import ConfigResource

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.services.shared.kafka import topics as topics_module
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.topics import ADMITTANCE, create_topics

PARTITIONS: Final = 3
EXAMPLE: Final = Path(__file__).parents[5] / "infra" / "helm" / "examples" / "topics.yaml"
AT_THE_TOPIC: Final = 1
INVALID_REPLICATION_FACTOR, REQUEST_TIMED_OUT = 38, 7
# Not allowed on the topic, not on the cluster, a setting that is not taken, the operators' policy.
FORBIDDEN: Final = (29, 31, 40, 44)


class FakeAdmin:
    """A cluster with all topics, each with `settings`, that answers with these error codes."""

    def __init__(
        self, settings: dict[str, str], *, describe: int = 0, alter: int = 0, create: int | None = None
    ) -> None:
        self._settings = settings
        self._describe, self._alter, self._create = describe, alter, create
        self.altered: list[ConfigResource] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def describe_topics(self) -> list[dict[str, Any]]:
        there = ALL_TOPICS if self._create is None else ()
        return [{"topic": topic.name, "partitions": [None] * (topic.partitions or PARTITIONS)} for topic in there]

    async def create_topics(self, new: Sequence[Any], timeout_ms: int) -> object:
        return SimpleNamespace(topic_errors=[(topic.name, self._create, "no") for topic in new])

    async def describe_configs(self, resources: Sequence[ConfigResource]) -> list[Any]:
        entries = [] if self._describe else [(key, value, False, AT_THE_TOPIC) for key, value in self._settings.items()]
        return [SimpleNamespace(resources=[(self._describe, None, 2, topic.name, entries) for topic in resources])]

    async def alter_configs(self, resources: Sequence[ConfigResource]) -> list[Any]:
        self.altered += resources
        return [SimpleNamespace(resources=[(self._alter, "no", 2, topic.name) for topic in resources])]


Open = Callable[[FakeAdmin], None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Open:
    def replace(admin: FakeAdmin) -> None:
        monkeypatch.setattr(topics_module, "AIOKafkaAdminClient", lambda **_: admin)

    return replace


def warnings(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """By topic."""
    by_topic = {record.getMessage().split()[5]: record.getMessage() for record in caplog.records}
    assert len(by_topic) == len(caplog.records)
    return by_topic


@pytest.mark.parametrize("code", FORBIDDEN)
async def test_limits_that_may_not_be_read_are_a_warning_for_each_topic(
    code: int, use: Open, caplog: pytest.LogCaptureFixture
) -> None:
    use(FakeAdmin({}, describe=code))
    await create_topics("127.0.0.1:9092", PARTITIONS)
    found = warnings(caplog)
    assert found.keys() == {topic.name for topic in ALL_TOPICS}
    assert all(limit in warning and "cannot be read" in warning for warning in found.values() for limit in ADMITTANCE)


@pytest.mark.parametrize("code", FORBIDDEN)
async def test_limits_that_may_not_be_raised_are_a_warning_that_names_those_that_are_low(
    code: int, use: Open, caplog: pytest.LogCaptureFixture
) -> None:
    use(FakeAdmin(ADMITTANCE | {"message.timestamp.after.max.ms": "3600000"}, alter=code))
    await create_topics("127.0.0.1:9092", PARTITIONS)
    warning = warnings(caplog)["orders"]
    assert "were not raised: no" in warning
    assert "events of a host whose clock is ahead (message.timestamp.after.max.ms=" in warning
    assert "max.message.bytes" not in warning


async def test_a_limit_that_the_broker_does_not_know_is_a_warning_and_the_others_are_raised(
    use: Open, caplog: pytest.LogCaptureFixture
) -> None:
    admin = FakeAdmin({"max.message.bytes": "1000", "segment.ms": "5"})
    use(admin)
    await create_topics("127.0.0.1:9092", PARTITIONS)
    assert "message.timestamp.after.max.ms" in warnings(caplog)["views"]
    assert [resource.configs for resource in admin.altered] == [
        {"max.message.bytes": ADMITTANCE["max.message.bytes"], "segment.ms": "5"}
    ] * len(ALL_TOPICS)


@pytest.mark.parametrize(
    "admin",
    [
        FakeAdmin({}, describe=REQUEST_TIMED_OUT),
        FakeAdmin(dict.fromkeys(ADMITTANCE, "0"), alter=REQUEST_TIMED_OUT),
        FakeAdmin({}, create=INVALID_REPLICATION_FACTOR),
    ],
    ids=["describe", "alter", "create"],
)
async def test_what_may_pass_is_raised_as_such(admin: FakeAdmin, use: Open) -> None:
    use(admin)
    with pytest.raises(BrokerUnavailable):
        await create_topics("127.0.0.1:9092", PARTITIONS)


async def test_the_topics_of_the_charts_example_are_only_looked_at(use: Open, caplog: pytest.LogCaptureFixture) -> None:
    for topic in yaml.safe_load_all(EXAMPLE.read_text()):
        admin = FakeAdmin(topic["spec"]["config"])
        use(admin)
        await create_topics("127.0.0.1:9092", PARTITIONS, replication=topic["spec"]["replicas"])
        assert admin.altered == []
    assert caplog.records == []
