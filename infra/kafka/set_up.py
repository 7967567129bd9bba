"""Makes users, their ACLs and the topics: `python -m ordercast.infra.kafka.set_up`, by a super user, however often.

ORDERCAST_KAFKA_USERNAME, _PASSWORD and so on are the super user's (`ordercast/kafka_security.py`); ORDERCAST_KAFKA_BOOTSTRAP,
ORDERCAST_PARTITIONS and ORDERCAST_REPLICATION are as for the topics alone. For each role of `rights` there is
ORDERCAST_KAFKA_<ROLE>_PASSWORD, or the file of that name in lower case in the folder ORDERCAST_SECRETS_DIR; its user is
`ordercast_<role>`.
"""

import asyncio
import logging
import os
from collections.abc import Mapping

from ordercast.infra.kafka.grant_rights import grant_rights
from ordercast.infra.kafka.rights import ROLES
from ordercast.kafka_security import KafkaSettingsWrong, client_arguments
from ordercast.secret_variables import secret_variable
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.topics import TopicSettings, create_topics
from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings


async def set_up(settings: TopicSettings, passwords: Mapping[str, str]) -> None:
    """Raises KafkaError."""
    await grant_rights(client_arguments(settings.kafka_bootstrap), passwords)
    await create_topics(settings.kafka_bootstrap, settings.partitions, replication=settings.replication)


def role_passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """Raises KafkaSettingsWrong where one is missing."""
    passwords = {}
    for role in ROLES:
        name = f"ORDERCAST_KAFKA_{role.upper()}_PASSWORD"
        password = secret_variable(name, environment)
        if password is None:
            raise KafkaSettingsWrong(f"{name} is missing")
        passwords[role] = password
    return passwords


def main() -> None:
    logging.basicConfig(handlers=[logging.NullHandler()])  # the last line says it; the client would add its own
    with exit_with_reason("kafka", KafkaError):
        asyncio.run(set_up(read_settings(TopicSettings), role_passwords(os.environ)))


if __name__ == "__main__":
    main()
