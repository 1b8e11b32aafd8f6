"""Supabase's Management API as far as Sesari calls it: which organisation and projects a token reaches."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def supabase_routes(organizations: Mapping[str, str]) -> list[Route]:
    """The routes. `organizations` maps a token to the id of the one organisation it reaches.

    Projects are recorded by the provider double and not here: the list is empty.
    """

    async def list_organizations(request: Request) -> JSONResponse:
        organization = _organization(request, organizations)
        if organization is None:
            return _unauthorized()
        return JSONResponse([{"id": organization, "slug": organization, "name": organization}])

    async def list_projects(request: Request) -> JSONResponse:
        return JSONResponse([]) if _organization(request, organizations) else _unauthorized()

    return [Route("/v1/organizations", list_organizations), Route("/v1/projects", list_projects)]


def _organization(request: Request, organizations: Mapping[str, str]) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return organizations.get(token) if scheme == "Bearer" else None


def _unauthorized() -> JSONResponse:
    return JSONResponse({"message": "Unauthorized"}, 401)
