"""The offline Vercel: its API, and the deployments that it serves. Here: who am I, and how the parts are joined."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sesari.rehearsal.standins.vercel_api import id_of, release_routes, slug_of
from sesari.rehearsal.standins.vercel_functions import Functions, find_node
from sesari.rehearsal.standins.vercel_hosting import Hosting
from sesari.rehearsal.standins.vercel_state import VercelState


class OfflineVercel:
    """What it holds is in `cloud`/vercel. `start` and `stop` run in the event loop that serves `routes`."""

    def __init__(self, teams: Mapping[str, str], cloud: Path) -> None:
        state = VercelState(cloud)
        node = find_node(os.environ)
        self.hosting = Hosting(state, Functions(node, state.folder / "logs"), os.environ)
        self.routes = [*vercel_routes(teams), *release_routes(teams, state, self.hosting)]

    async def start(self) -> None:
        await self.hosting.start()

    async def stop(self) -> None:
        await self.hosting.stop()


def vercel_routes(teams: Mapping[str, str]) -> list[Route]:
    """Who am I. `teams` maps a token to the id of the one team it was made for."""

    async def user(request: Request) -> JSONResponse:
        team = _team(request, teams)
        if team is None:
            return _forbidden(invalid_token=True)
        name = f"deployer-{slug_of(team)}"
        who = {"id": f"user_{slug_of(team)}", "username": name, "name": name, "defaultTeamId": id_of(team)}
        return JSONResponse({"user": {**who, "version": "northstar"}})

    async def all_teams(request: Request) -> JSONResponse:
        team = _team(request, teams)
        if team is None:
            return _forbidden(invalid_token=True)
        return JSONResponse({"teams": [_shown(team)], "pagination": {"count": 1, "next": None, "prev": None}})

    async def one_team(request: Request) -> JSONResponse:
        team = _team(request, teams)
        if team is None:
            return _forbidden(invalid_token=True)
        if request.path_params["id"] not in (team, slug_of(team), id_of(team)):
            return _forbidden()
        return JSONResponse(_shown(team))

    # The CLI asks for a team without a version.
    listed = [Route(f"{version}/teams", all_teams) for version in ("/v1", "/v2")]
    named = [Route(f"{version}/teams/{{id}}", one_team) for version in ("", "/v1", "/v2")]
    return [Route("/v2/user", user), *listed, *named]


def _shown(team: str) -> dict[str, object]:
    slug = slug_of(team)
    return {"id": id_of(team), "slug": slug, "name": slug, "membership": {"role": "MEMBER", "confirmed": True}}


def _team(request: Request, teams: Mapping[str, str]) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return teams.get(token) if scheme == "Bearer" else None


def _forbidden(invalid_token: bool = False) -> JSONResponse:
    error: dict[str, object] = {"code": "forbidden", "message": "Not authorized"}
    if invalid_token:
        error["invalidToken"] = True
    return JSONResponse({"error": error}, 403)
