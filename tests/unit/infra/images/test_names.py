"""The names of the images stand in two files, and some of them again where a file cannot read another."""

import re
from pathlib import Path
from typing import Final

from ordercast.infra.local.jars import locked_jars

IMAGES: Final = Path(__file__).parents[4] / "infra" / "images"


def names(file: str) -> dict[str, str]:
    """The variables of an env file."""
    lines = (IMAGES / file).read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_both_files_set_the_same_variables() -> None:
    assert list(names("default.env")) == list(names("offline.env"))


def test_every_image_is_pinned_to_a_version() -> None:
    for file in ("default.env", "offline.env"):
        for name in names(file).values():
            assert re.fullmatch(r"[a-z/-]+:v?\d+(\.\d+)*(-[a-z]+)*", name), name


def test_the_dockerfile_starts_from_the_same_python_unless_told_otherwise() -> None:
    dockerfile = (IMAGES / "Dockerfile").read_text("utf-8")
    assert f"FROM ${{BASE_IMAGE:-{names('default.env')['ORDERCAST_PYTHON_IMAGE']}}}" in dockerfile


def test_the_containers_run_the_kafka_that_the_jars_are_of() -> None:
    (locked,) = {jar.version for jar in locked_jars() if jar.artifact == "kafka_2.13"}
    for file in ("default.env", "offline.env"):
        assert names(file)["ORDERCAST_KAFKA_IMAGE"].endswith(f":{locked}")


def test_every_service_has_a_target_a_health_check_and_a_description() -> None:
    dockerfile = (IMAGES / "Dockerfile").read_text("utf-8")
    targets = re.findall(r"^FROM runtime AS ([a-z-]+)\n(.*?)(?=^FROM|\Z)", dockerfile, re.MULTILINE | re.DOTALL)
    made = re.search(r"^SERVICES=\((.*)\)$", (IMAGES / "build").read_text("utf-8"), re.MULTILINE)
    assert made
    assert [name for name, _ in targets] == made[1].split()
    for name, text in targets:
        assert ("HEALTHCHECK NONE" if name == "migrations" else "HEALTHCHECK --interval") in text
        assert "image.description=" in text
        assert 'ENTRYPOINT ["python", "-m"' in text
