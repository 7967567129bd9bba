"""Signing versions: the trainer's own at once, those of before on an operator's word."""

import asyncio
import json
import sys
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from ordercast.contracts.model_signature import decode_signature, signed_text
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.trainer.jobs.sign_versions import sign_versions
from tests.integration.trainer.conftest import Workplace
from tests.support.model_artifacts import write_model
from tests.support.service_process import environment


async def record(workplace: Workplace, sha256: str | None = None) -> str:
    """Publishes a version as the release before did."""
    model = write_model(workplace.settings.artifacts_dir)
    row = ModelVersion(
        version=model.version,
        training_id=UUID(model.manifest.training_id),
        recipe="baseline",
        manifest_sha256=sha256 or model.manifest_sha256,
    )
    async with workplace.sessions() as session, session.begin():
        session.add(row)
    return model.version


async def signatures(sessions: Sessions) -> dict[str, str | None]:
    async with sessions() as session:
        return {row.version: row.manifest_signature for row in await session.scalars(select(ModelVersion))}


async def test_the_program_signs_what_has_no_signature_and_the_second_time_nothing(workplace: Workplace) -> None:
    version = await record(workplace)

    async def run() -> list[dict[str, object]]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ordercast.services.trainer", "sign"),
            env=environment(workplace.settings),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return [json.loads(line) for line in output.splitlines()]

    assert await run() == [{"version": version, "recipe": "baseline", "refused": None}]
    signature = (await signatures(workplace.sessions))[version]
    assert signature is not None
    async with workplace.sessions() as session:
        row = await session.get_one(ModelVersion, version)
    text = signed_text("baseline", version, row.manifest_sha256)
    workplace.signing_key.public_key().verify(decode_signature(signature), text)
    assert await run() == []


async def test_what_lies_there_otherwise_than_it_was_recorded_is_not_signed(workplace: Workplace) -> None:
    changed = await record(workplace, sha256="0" * 64)
    chosen = [changed, "20200101T000000-nobody"]
    signed = [
        each
        async for each in sign_versions(
            workplace.sessions, workplace.settings.artifacts_dir, workplace.signing_key, chosen
        )
    ]
    assert [(each.version, each.refused) for each in signed] == [
        (changed, "manifest.json does not have the SHA-256 that was published"),
        ("20200101T000000-nobody", "it was never published"),
    ]
    assert (await signatures(workplace.sessions)) == {changed: None}


async def test_a_version_that_is_named_is_signed_anew(workplace: Workplace) -> None:
    version, other = await record(workplace), await record(workplace)
    keys = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    seen = set()
    for key in keys:
        async for each in sign_versions(workplace.sessions, workplace.settings.artifacts_dir, key, [version]):
            assert each.refused is None
        seen.add((await signatures(workplace.sessions))[version])
    assert len(seen) == 2
    assert (await signatures(workplace.sessions))[other] is None
