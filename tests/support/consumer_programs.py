"""How the programs of docs/consumers are started, and what of this machine each needs."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.local.jars import locked_jars
from ordercast.infra.local.kafka import KafkaInstall
from tests.support.npm_packages import ROOT, install_packages, node_folder, run

FOLDER: Final = ROOT / "docs" / "consumers"
# Of the locked jars, those that a consumer in Java needs.
JARS: Final = ("kafka-clients-", "jackson-", "slf4j-", "lz4-java", "snappy-java", "zstd-jni")


def aiokafka(_: Path, __: KafkaInstall) -> tuple[str, ...]:
    return (sys.executable, str(FOLDER / "consume_aiokafka.py"))


def confluent(_: Path, __: KafkaInstall) -> tuple[str, ...]:
    return (sys.executable, str(FOLDER / "consume_confluent.py"))


def java(_: Path, install: KafkaInstall) -> tuple[str, ...]:
    """The machine's own Java, if it is a JDK: the one that the broker runs on has no compiler."""
    if shutil.which("javac") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("javac is missing, and .ci/run is to install it")
        pytest.skip("javac is missing: the consumer in Java is NOT tested here")
    jars = [str(install.jars / jar.filename) for jar in locked_jars() if jar.filename.startswith(JARS)]
    return ("java", "-cp", os.pathsep.join(jars), str(FOLDER / "ConsumeOrders.java"))


def node(folder: Path, _: KafkaInstall) -> tuple[str, ...]:
    """With the locked packages, by the machine's Node, or that of a wheel."""
    shutil.copy(FOLDER / "consume_orders.mjs", folder)
    install_packages(FOLDER, folder)
    return (f"{node_folder()}/node", str(folder / "consume_orders.mjs"))


def go(folder: Path, _: KafkaInstall) -> tuple[str, ...]:
    """Compiled by the machine's Go, or that of a wheel."""
    for name in ("go.mod", "go.sum", "consume_orders.go"):
        shutil.copy(FOLDER / name, folder)
    run(str(ROOT / "infra" / "tools" / "go"), "build", "-o", "consume_orders", ".", folder=folder)
    return (str(folder / "consume_orders"),)


def user_commands(install: KafkaInstall, admin: Path, broker: str, password: str) -> list[list[str]]:
    """Those of the guide that make the user, as Kafka's scripts run them."""
    classes = {"kafka-configs.sh": "kafka.admin.ConfigCommand", "kafka-acls.sh": "org.apache.kafka.tools.AclCommand"}
    told = {
        "HOST:PORT": broker,
        "admin.properties": str(admin),
        "SCRAM-SHA-512=[password=PASSWORD]": f"SCRAM-SHA-512=[password={password}]",
    }
    lines = [line.split() for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("    kafka-")]
    return [[*install.java(classes[script]), *(told.get(word, word) for word in words)] for script, *words in lines]


# How each program is started; a folder is there for what has to be installed or compiled.
COMMANDS: Final[dict[str, Callable[[Path, KafkaInstall], tuple[str, ...]]]] = {
    "aiokafka": aiokafka,
    "confluent-kafka": confluent,
    "java": java,
    "node": node,
    "go": go,
}
