"""Vercel's API as far as Sesari calls it: who am I. Answers as https://vercel.com/docs/rest-api documents them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def vercel_routes(teams: Mapping[str, str]) -> list[Route]:
    """The routes. `teams` maps a token to the id of the one team it was made for."""

    async def user(request: Request) -> JSONResponse:
        team = _team(request, teams)
        if team is None:
            return _forbidden(invalid_token=True)
        name = f"deployer-{team}"
        return JSONResponse({"user": {"id": f"user_{team}", "username": name, "name": name, "defaultTeamId": team}})

    async def one_team(request: Request) -> JSONResponse:
        team = _team(request, teams)
        if team is None:
            return _forbidden(invalid_token=True)
        if request.path_params["id"] != team:
            return _forbidden()
        slug = team.removeprefix("team_").replace("_", "-")
        return JSONResponse({"id": team, "slug": slug, "name": slug, "membership": {"role": "MEMBER"}})

    return [Route("/v2/user", user), Route("/v2/teams/{id}", one_team)]


def _team(request: Request, teams: Mapping[str, str]) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return teams.get(token) if scheme == "Bearer" else None


def _forbidden(invalid_token: bool = False) -> JSONResponse:
    error: dict[str, object] = {"code": "forbidden", "message": "Not authorized"}
    if invalid_token:
        error["invalidToken"] = True
    return JSONResponse({"error": error}, 403)
