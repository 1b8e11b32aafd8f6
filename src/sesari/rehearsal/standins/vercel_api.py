"""Vercel's REST API where a release touches it. Answers as https://vercel.com/docs/rest-api documents them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sesari.rehearsal.standins.vercel_faults import FAULTS_PATH, VercelFault
from sesari.rehearsal.standins.vercel_hosting import Hosting
from sesari.rehearsal.standins.vercel_state import Object, VercelState

Endpoint = Callable[[Request, str], Awaitable[Response]]


def release_routes(teams: Mapping[str, str], state: VercelState, hosting: Hosting) -> list[Route]:
    """The routes. `teams` maps a token to the one team that it was made for."""
    api = _Api(state, hosting)
    guarded = _Guard(teams, state)

    async def faults(request: Request) -> Response:
        try:
            state.faults.replace([VercelFault.from_json(value) for value in await request.json()])
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"faults": len(state.faults.entries)})

    routes = [Route(FAULTS_PATH, faults, methods=["PUT"])]
    for method, versions, path, operation, endpoint in api.table():
        # By its versions, since another provider's `/v1/projects` is served on the same port.
        found = guarded.endpoint(operation, endpoint)
        routes += [Route(f"/v{version}{path}", found, methods=[method]) for version in versions]
    return routes


class _Guard:
    """Tokens, teams and planned failures, before any endpoint."""

    def __init__(self, teams: Mapping[str, str], state: VercelState) -> None:
        self._teams, self._state = teams, state

    def endpoint(self, operation: str, inner: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            team = self._teams.get(token) if scheme == "Bearer" else None
            if team is None:
                return problem(403, "forbidden", "Not authorized", invalidToken=True)
            asked = request.query_params.get("teamId") or request.query_params.get("slug")
            if asked not in (None, team, slug_of(team), id_of(team)):
                return problem(403, "forbidden", "Not authorized")
            fault = self._state.faults.next(operation, team)
            if fault is None:
                return await inner(request, team)
            return await _struck(fault, inner, request, team)

        return guarded


class _Api:
    def __init__(self, state: VercelState, hosting: Hosting) -> None:
        self._state, self._hosting = state, hosting

    def table(self) -> list[tuple[str, tuple[int, ...], str, str, Endpoint]]:
        """Method, versions, path, the operation's name for planned failures, and who answers."""
        project, deployment = "/projects/{project}", "/deployments/{deployment}"
        return [
            ("POST", (2,), "/files", "files", self.upload),
            ("GET", (9, 10), "/projects", "projects.list", self.list_projects),
            ("POST", (9, 10, 11), "/projects", "projects.create", self.create_project),
            ("GET", (9,), project, "projects.get", self.get_project),
            ("GET", (9, 10), f"{project}/env", "env.list", self.list_variables),
            ("POST", (10,), f"{project}/env", "env.create", self.set_variables),
            ("GET", (9,), f"{project}/domains", "domains.list", self.list_domains),
            ("POST", (10,), f"{project}/domains", "domains.create", self.add_domain),
            ("POST", (10,), f"{project}/promote/{{deployment}}", "promote", self.promote),
            ("POST", (9,), f"{project}/rollback/{{deployment}}", "rollback", self.roll_back),
            ("GET", (6, 7), "/deployments", "deployments.list", self.list_deployments),
            ("POST", (13,), "/deployments", "deployments.create", self.create_deployment),
            ("GET", (13,), deployment, "deployments.get", self.get_deployment),
            ("GET", (2, 3), f"{deployment}/events", "deployments.events", self.events),
            ("GET", (3,), f"/now{deployment}/events", "deployments.events", self.events),  # as the CLI asks
            ("GET", (2,), f"{deployment}/aliases", "deployments.aliases", self.aliases),
        ]

    async def upload(self, request: Request, team: str) -> Response:
        digest = request.headers.get("x-vercel-digest") or request.headers.get("x-now-digest") or ""
        if not self._state.upload(team, digest.lower(), await request.body()):
            return problem(400, "invalid_sha", "The SHA-1 of the body is not the digest that was given")
        return JSONResponse({"urls": []})

    async def list_projects(self, request: Request, team: str) -> Response:
        listed = [self._project(one) for one in self._state.projects(team)]
        return JSONResponse({"projects": listed, "pagination": {"count": len(listed), "next": None, "prev": None}})

    async def create_project(self, request: Request, team: str) -> Response:
        name = str((await request.json()).get("name", ""))
        if not name:
            return problem(400, "bad_request", "`name` is missing")
        if self._state.project(team, name) is not None:
            return problem(409, "conflict", "A project of that name exists already")
        return JSONResponse(self._project(self._state.make_project(team, name)))

    async def get_project(self, request: Request, team: str) -> Response:
        found = self._state.project(team, request.path_params["project"])
        return _no_project() if found is None else JSONResponse(self._project(found))

    async def list_variables(self, request: Request, team: str) -> Response:
        found = self._state.project(team, request.path_params["project"])
        if found is None:
            return _no_project()
        return JSONResponse({"envs": [_shown(one) for one in found["env"]]})

    async def set_variables(self, request: Request, team: str) -> Response:
        found = self._state.project(team, request.path_params["project"])
        if found is None:
            return _no_project()
        body = await request.json()
        given = body if isinstance(body, list) else [body]
        names = {one["key"] for one in given}
        if request.query_params.get("upsert") != "true" and names & {one["key"] for one in found["env"]}:
            return problem(400, "ENV_CONFLICT", "A variable of that name exists already")
        kept = [one for one in found["env"] if one["key"] not in names]
        found["env"] = [*kept, *({"target": ["production"], "type": "encrypted", **one} for one in given)]
        self._state.save()
        return JSONResponse({"created": [_shown(one) for one in given], "failed": []}, 201)

    async def list_domains(self, request: Request, team: str) -> Response:
        found = self._state.project(team, request.path_params["project"])
        if found is None:
            return _no_project()
        return JSONResponse({"domains": [{"name": one, "verified": True} for one in found["domains"]]})

    async def add_domain(self, request: Request, team: str) -> Response:
        found = self._state.project(team, request.path_params["project"])
        if found is None:
            return _no_project()
        name = str((await request.json()).get("name", ""))
        found["added"] = [*found.get("added", ()), name]
        found["domains"] = list(dict.fromkeys([*found["domains"], name]))
        self._state.save()
        return JSONResponse({"name": name, "projectId": found["id"], "verified": True})

    async def promote(self, request: Request, team: str) -> Response:
        return await self._move(request, team, "promote")

    async def roll_back(self, request: Request, team: str) -> Response:
        return await self._move(request, team, "rollback")

    async def _move(self, request: Request, team: str, kind: str) -> Response:
        project = self._state.project(team, request.path_params["project"])
        deployment = self._state.deployment(team, request.path_params["deployment"])
        if project is None:
            return _no_project()
        if deployment is None or deployment["projectId"] != project["id"]:
            return problem(404, "not_found", "Deployment not found")
        if deployment["readyState"] != "READY":
            return problem(400, "bad_request", "The deployment is not ready")
        if (project["last"] or {}).get("jobStatus") in ("pending", "in-progress"):
            return problem(409, "conflict", "Another request is in progress")
        if project["production"] == deployment["id"]:
            return problem(409, "conflict", "Deployment is already the current production deployment")
        if kind == "rollback" and not deployment["served"]:
            return problem(400, "bad_request", "Only a deployment that was in production can be rolled back to")
        self._state.move(project, deployment, kind)
        return Response(status_code=201)

    async def list_deployments(self, request: Request, team: str) -> Response:
        query = request.query_params
        wanted = query.get("projectId") or query.get("app")
        project = self._state.project(team, wanted) if wanted else None
        if wanted and project is None:
            return _no_project()
        meta = {name.removeprefix("meta-"): value for name, value in query.items() if name.startswith("meta-")}
        found = [
            one
            for one in self._state.deployments(team)
            if (project is None or one["projectId"] == project["id"])
            and all(one["meta"].get(name) == value for name, value in meta.items())
            and query.get("state", one["readyState"]) == one["readyState"]
        ][: int(query.get("limit", 20))]
        listed = [{**self._deployment(one), "uid": one["id"], "state": one["readyState"]} for one in found]
        return JSONResponse({"deployments": listed, "pagination": {"count": len(listed), "next": None, "prev": None}})

    async def create_deployment(self, request: Request, team: str) -> Response:
        body = await request.json()
        name = str(body.get("project") or body.get("name") or "")
        project = self._state.project(team, name)
        if project is None:
            return _no_project()
        files = body.get("files") or []
        if not files:
            return problem(400, "bad_request", "`files` is missing")
        wanted = {str(one.get("sha", "")) for one in files}
        missing = [sha for sha in sorted(wanted) if not self._state.has_upload(team, sha)]
        if missing:
            return problem(400, "missing_files", "Missing files", missing=missing)
        made = self._state.make_deployment(project, body)
        made["variables"] = self._state.variables(project["id"])
        made["url"] = self._hosting.address(made["id"])
        self._hosting.address(project["id"])
        self._state.save()
        return JSONResponse(self._deployment(made))

    async def get_deployment(self, request: Request, team: str) -> Response:
        found = self._state.deployment(team, request.path_params["deployment"])
        if found is None:
            return problem(404, "not_found", "Deployment not found")
        return JSONResponse(self._deployment(found))

    async def events(self, request: Request, team: str) -> Response:
        found = self._state.deployment(team, request.path_params["deployment"])
        text = "" if found is None or not found["failure"] else found["failure"]
        return JSONResponse([{"type": "stderr", "created": found["created"], "text": text}] if found and text else [])

    async def aliases(self, request: Request, team: str) -> Response:
        return JSONResponse({"aliases": []})

    def _project(self, one: Object) -> Object:
        production = self._state.production(one["id"])
        last = {name: value for name, value in (one["last"] or {}).items() if name not in ("due", "fails")}
        shown = None
        if production is not None:
            alias = [self._hosting.address(one["id"]), *one["domains"]]
            shown = {**self._deployment(production), "alias": alias}
        return {
            "id": one["id"],
            "name": one["name"],
            "accountId": id_of(one["team"]),
            "createdAt": one["created"],
            "framework": "nextjs",
            "autoAssignCustomDomains": False,
            "link": None,
            "targets": {"production": shown} if shown else {},
            "lastAliasRequest": last or None,
        }

    def _deployment(self, one: Object) -> Object:
        state = one["readyState"]
        shown: Object = {
            "id": one["id"],
            "name": one["name"],
            "url": one["url"],
            "projectId": one["projectId"],
            "ownerId": id_of(one["team"]),
            "team": {"id": id_of(one["team"]), "slug": slug_of(one["team"])},
            "creator": {"uid": f"user_{one['team']}", "username": f"deployer-{one['team']}"},
            "created": one["created"],
            "createdAt": one["created"],
            "target": one["target"],
            "meta": one["meta"],
            "source": "cli",
            "version": 2,
            "readyState": state,
            "readySubstate": "PROMOTED" if one["served"] else "STAGED",
            "status": state,
            "alias": [],
            "aliasAssigned": state == "READY",
            "aliasError": None,
            "inspectorUrl": None,
            "build": {"env": []},
            "checksState": "completed",
            "checksConclusion": "succeeded",
        }
        if state == "ERROR":
            shown |= {"errorCode": "BUILD_FAILED", "errorMessage": one["failure"]}
        return shown


def problem(status: int, code: str, message: str, **more: Any) -> JSONResponse:
    """An error in the shape of the API's own."""
    return JSONResponse({"error": {"code": code, "message": message, **more}}, status)


def slug_of(team: str) -> str:
    """The team's slug; a team may be named by its slug or its id."""
    return team.removeprefix("team_").replace("_", "-") if team.startswith("team_") else team


def id_of(team: str) -> str:
    """The team's id."""
    return team if team.startswith("team_") else f"team_{team.replace('-', '_')}"


async def _struck(fault: VercelFault, inner: Endpoint, request: Request, team: str) -> Response:
    if fault.kind == "429":
        reset = int(time.time() + fault.seconds + 0.999)
        limits = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        answer = problem(429, "rate_limited", "Too many requests (planned fault)")
        answer.headers.update({**limits, "Retry-After": f"{fault.seconds:g}"})
        return answer
    if fault.kind in ("500", "503"):
        return problem(int(fault.kind), "internal_server_error", "An error has occurred (planned fault)")
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return await inner(request, team)
    await inner(request, team)  # it was done, and the caller does not learn it
    if fault.kind == "drop":
        raise ConnectionResetError("planned fault")
    return problem(500, "internal_server_error", "An error has occurred (planned fault)")


def _no_project() -> JSONResponse:
    return problem(404, "not_found", "Project not found")


def _shown(variable: Mapping[str, Any]) -> Object:
    """Sensitive values read back empty."""
    hidden = {"value": ""} if variable.get("type") == "sensitive" else {}
    return {**variable, **hidden}
