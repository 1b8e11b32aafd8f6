"""The stand-ins answer as the documented APIs do."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from sesari.rehearsal.standins.server import application

TOKENS = {"vercel": {"team_a": "va", "team_b": "vb"}, "supabase": {"org-a": "sa"}}


def get(path: str, token: str | None) -> tuple[int, Any]:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(application(TOKENS, Path("no-cloud-here")))
        async with httpx.AsyncClient(transport=transport, base_url="http://standins") as client:
            return await client.get(path, headers={"authorization": f"Bearer {token}"} if token else {})

    answer = asyncio.run(ask())
    return answer.status_code, answer.json()


def test_a_vercel_token_reaches_its_team_and_no_other() -> None:
    status, team = get("/v2/teams/team_a", "va")
    assert (status, team["id"]) == (200, "team_a")
    assert get("/v2/teams/team_b", "va") == (403, {"error": {"code": "forbidden", "message": "Not authorized"}})
    assert get("/v2/user", "va")[1]["user"]["defaultTeamId"] == "team_a"


@pytest.mark.parametrize("token", [None, "nobody", "sa"])
def test_a_wrong_vercel_token_is_refused(token: str | None) -> None:
    status, answer = get("/v2/user", token)
    assert status == 403
    assert answer["error"]["invalidToken"] is True


def test_a_supabase_token_reaches_its_organisation() -> None:
    assert get("/v1/organizations", "sa") == (200, [{"id": "org-a", "slug": "org-a", "name": "org-a"}])
    assert get("/v1/projects", "sa") == (200, [])
    assert get("/v1/organizations", "va") == (401, {"message": "Unauthorized"})
