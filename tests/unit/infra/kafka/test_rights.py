"""The table of rights against the contract of the topics."""

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import RIGHTS
from ordercast.infra.local.processes import SERVICES
from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.order_api.states.relay_states import FENCE
from ordercast.services.order_api.webhooks.note_deliveries import GROUP


def test_each_service_writes_and_reads_what_the_contract_of_a_topic_says() -> None:
    by_table = {
        topic.name: {
            operation: {right.role for right in RIGHTS if (right.name, right.operation) == (topic.name, operation)}
            & SERVICES.keys()
            for operation in ("READ", "WRITE")
        }
        for topic in ALL_TOPICS
    }
    by_contract = {
        topic.name: {"READ": _services(topic.consumers), "WRITE": _services(topic.producers)} for topic in ALL_TOPICS
    }
    assert by_table == by_contract


def test_only_the_worker_joins_its_group_and_only_the_relay_that_of_webhooks() -> None:
    group = FeatureWorkerSettings.model_fields["worker_group"].default
    assert {right for right in RIGHTS if right.kind == "GROUP"} == {
        ("feature_worker", "GROUP", group, "READ"),
        ("relay", "GROUP", GROUP, "READ"),
    }


def test_only_the_relay_publishes_behind_the_fence() -> None:
    fences = {right for right in RIGHTS if right.kind == "TRANSACTIONAL_ID"}
    assert fences == {("relay", "TRANSACTIONAL_ID", FENCE, "WRITE")}


def _services(words: str) -> set[str]:
    """Of "order_api relay" it is the relay: a process of that service with a name of its own."""
    return {words_.split()[-1] for words_ in words.split(", ")} & SERVICES.keys()
