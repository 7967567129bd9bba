"""`ordercast keys`: a new key while the system serves."""

import asyncio
import json
from pathlib import Path

import httpx
import jwt
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.infra.compose_secrets import make_secrets
from ordercast.services.shared.http.token_keys import load_private_key, load_verifying_keys
from ordercast.system.operator_account import create_admin
from tests.integration.cli.conftest import Running


async def test_tokens_of_the_old_key_stay_good_and_new_ones_are_of_the_new_everywhere(running: Running) -> None:
    urls = running.system.urls
    form = {"username": "keys@example.com", "password": "correct horse battery"}
    await create_admin(running.database_url, form["username"], "keys", form["password"])
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def log_in() -> str:
            token: str = (await client.post(f"{urls['order_api']}/auth/token", data=form)).json()["access_token"]
            return token

        before = await log_in()
        rotated = await running.run("keys", "rotate", "--json")
        assert rotated.exit_code == 0, rotated.output
        said = json.loads(rotated.stdout)
        assert (said["restarted"], len(said["valid"])) == (["order_api"], 2)
        after = await log_in()
        assert [jwt.get_unverified_header(token)["kid"] for token in (after, before)] == said["valid"]
        async with asyncio.timeout(30):  # the others look at the file once a second
            while (await client.get(f"{urls['trainer']}/trainings", headers=bearer(after))).status_code != 200:
                await asyncio.sleep(0.1)
        for token in (before, after):
            for url in (f"{urls['order_api']}/accounts/me", f"{urls['trainer']}/trainings"):
                assert (await client.get(url, headers=bearer(token))).status_code == 200
        published = (await client.get(f"{urls['order_api']}/.well-known/jwks.json")).json()
        assert [key["kid"] for key in published["keys"]] == said["valid"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_folder_of_secrets_keeps_its_modes(tmp_path: Path) -> None:
    make_secrets(tmp_path, {})
    before = load_verifying_keys(tmp_path / "token_public.pem")
    rotated = CliRunner().invoke(app, ["keys", "rotate", "--at-once", "--folder", str(tmp_path), "--json"])
    assert rotated.exit_code == 0, rotated.output
    [key] = load_verifying_keys(tmp_path / "token_public.pem")
    assert key not in before
    assert key.key == load_private_key(tmp_path / "token_private.pem").public_key()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("token_*")}
    assert modes == {"token_private.pem": 0o444, "token_public.pem": 0o444}


def test_a_folder_without_keys_is_refused_and_stays_empty(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["keys", "rotate", "--folder", str(tmp_path)])
    assert refused.exit_code == 1
    assert "cannot read the key" in " ".join(refused.stderr.split())
    assert list(tmp_path.iterdir()) == []
