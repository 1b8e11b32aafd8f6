"""Serves deployments on loopback ports: one port per project (its domains), one per deployment (its own address)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import mimetypes
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sesari.rehearsal.serving import LOOPBACK, listen
from sesari.rehearsal.standins.vercel_functions import FunctionFailed, Functions
from sesari.rehearsal.standins.vercel_output import BuildFailed, function_folder, read_output
from sesari.rehearsal.standins.vercel_records import emulator
from sesari.rehearsal.standins.vercel_routing import Answer, Asked, Output, failed, resolve
from sesari.rehearsal.standins.vercel_state import Object, VercelState

_HOP = {"date", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}
_MACHINE = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


class Hosting:
    """Runs inside the stand-ins' event loop. An address once opened stays open, also over a restart."""

    def __init__(self, state: VercelState, functions: Functions, machine: Mapping[str, str]) -> None:
        self._state, self._functions = state, functions
        self._machine = {name: machine[name] for name in _MACHINE if name in machine}
        self._open: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, follow_redirects=False)

    async def start(self) -> None:
        """Open what was open before."""
        self._tasks.append(asyncio.create_task(self._functions.stop_idle()))
        projects, deployments = self._state.everything()
        for one in [*projects, *deployments]:
            self.address(one["id"])

    async def stop(self) -> None:
        self._end.set()
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._functions.close()
        await self._client.aclose()

    def address(self, id: str) -> str:
        """`host:port` of a project or a deployment, opened when it is not yet."""
        if id not in self._open:
            listener = listen(self._state.port(id))
            port = listener.getsockname()[1]
            config = Config()
            config.bind = [f"fd://{listener.fileno()}"]
            config.graceful_timeout = 0.2
            config.keep_alive_timeout = 75
            config.errorlog = None
            config.include_server_header = False
            if port != self._state.port(id):
                self._state.keep_port(id, port)
            # The listener lives as long as the server that was given its descriptor.
            serving = _Site(self, id, listener)
            self._tasks.append(asyncio.create_task(serve(serving, config, shutdown_trigger=self._end.wait)))  # type: ignore[arg-type]
            self._open[id] = f"{LOOPBACK}:{port}"
        return self._open[id]

    async def answer(self, id: str, request: Request) -> Response:
        """One request to a project's or a deployment's address."""
        deployment = self._state.production(id) if id.startswith("prj_") else self._state.by_id(id)
        if deployment is None:
            return _told(404, "DEPLOYMENT_NOT_FOUND", "nothing is promoted here yet")
        if deployment["readyState"] != "READY":
            return _told(404, "DEPLOYMENT_NOT_READY", f"it is {deployment['readyState']}")
        tree = self._state.tree(deployment["id"])
        output = _output(tree)
        asked = Asked(request.method, request.url.path, request.url.query, dict(request.headers))
        found = resolve(output, asked)
        try:
            answered = await self._give(deployment, tree, output, found, request)
        except FunctionFailed as error:
            return _told(502, "FUNCTION_INVOCATION_FAILED", str(error))
        if answered.headers.get("x-standin-failed"):
            answered = await self._give(deployment, tree, output, failed(output, asked, 500), request)
        answered.headers["x-vercel-id"] = f"loopback::{deployment['id']}"
        answered.headers["server"] = "Vercel (offline stand-in)"
        return answered

    async def _give(self, deployment: Object, tree: Path, output: Output, found: Answer, request: Request) -> Response:
        if found.kind == "static":
            path, content_type = output.static[found.name]
            kind = content_type or mimetypes.guess_type(path)[0] or "application/octet-stream"
            response: Response = FileResponse(path, found.status or 200, media_type=kind)
            response.headers.setdefault("cache-control", "public, max-age=0, must-revalidate")
        elif found.kind == "prerender":
            response = _prerendered(tree, output.prerendered[found.name], found)
        elif found.kind == "function":
            return await self._called(deployment, tree, output, found, request)
        else:
            response = Response(status_code=found.status or 404)
        for name, value in found.headers.items():
            response.headers[name] = value
        return response

    async def _called(
        self, deployment: Object, tree: Path, output: Output, found: Answer, request: Request
    ) -> Response:
        source = Path(output.functions[found.name])
        number = hashlib.sha256(str(source).encode()).hexdigest()[:12]
        made = self._state.folder / "functions" / f"{deployment['id']}-{number}"
        try:
            folder, described = function_folder(tree, source, made)
        except (BuildFailed, OSError) as error:
            raise FunctionFailed(str(error)) from error
        variables = {**self._variables(deployment), **(described.get("environment") or {})}
        port = await self._functions.port(folder, described["handler"], variables)
        headers = [(name, value) for name, value in request.headers.items() if name not in _HOP]
        host = request.headers.get("host", "")
        headers += [
            ("host", host),
            ("x-matched-path", found.matched),
            ("x-forwarded-host", host),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-for", LOOPBACK),
            ("x-vercel-deployment-url", deployment["url"]),
            ("x-vercel-oidc-token", self._identity(deployment)),
        ]
        url = f"http://{LOOPBACK}:{port}{request.url.path}{'?' + found.query if found.query else ''}"
        sent = self._client.build_request(request.method, url, headers=headers, content=await request.body())
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.TransportError as error:
            raise FunctionFailed(f"the function went away: {type(error).__name__}") from error
        response = StreamingResponse(answer.aiter_raw(), found.status or answer.status_code, background=None)
        own = [(name, value) for name, value in answer.headers.multi_items() if name not in _HOP]
        response.raw_headers = [(name.encode(), value.encode("latin-1")) for name, value in own]
        for name, value in found.headers.items():
            if name in found.kept or name not in answer.headers:
                response.headers[name] = value
        return response

    def _variables(self, deployment: Object) -> dict[str, str]:
        """What a function is given: the project's variables as they are now, the deployment's own, Vercel's own."""
        team, project = deployment["team"], deployment["name"]
        aws = emulator(self._state.cloud)
        return {
            **self._machine,
            **({"AWS_ENDPOINT_URL": aws} if aws else {}),
            **deployment["variables"],
            **deployment["env"],
            "NODE_ENV": "production",
            "VERCEL": "1",
            "VERCEL_ENV": "production",
            "VERCEL_REGION": "iad1",
            "VERCEL_URL": deployment["url"],
            "VERCEL_DEPLOYMENT_ID": deployment["id"],
            "VERCEL_PROJECT_ID": deployment["projectId"],
            "VERCEL_OIDC_TOKEN": _token(team, project),
            **({"VERCEL_GIT_COMMIT_SHA": sha} if (sha := deployment["git"].get("commitSha")) else {}),
        }

    def _identity(self, deployment: Object) -> str:
        return _token(deployment["team"], deployment["name"])


class _Site:
    """One address as an ASGI application."""

    def __init__(self, hosting: Hosting, id: str, listener: object) -> None:
        self._hosting, self._id, self._listener = hosting, id, listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] == "http":
            response = await self._hosting.answer(self._id, Request(scope, receive))
            await response(scope, receive, send)


@lru_cache(maxsize=32)
def _output(tree: Path) -> Output:
    return read_output(tree)


def _prerendered(tree: Path, described: Mapping[str, Any], found: Answer) -> Response:
    fallback = described["fallback"]
    name = fallback if isinstance(fallback, str) else fallback["fsPath"]
    folder = (tree / ".vercel" / "output" / "functions" / found.name).parent
    path = folder / Path(name).name
    headers = dict(described.get("initialHeaders") or {})
    kind = headers.pop("content-type", None) or mimetypes.guess_type(path)[0] or "text/x-component"
    status = found.status or int(described.get("initialStatus") or 200)
    return FileResponse(path, status, headers=headers, media_type=kind)


def _token(team: str, project: str) -> str:
    """The deployment's identity as Vercel issues it, but for the signature, which the emulated AWS does not check."""
    now = int(time.time())
    claims = {
        "iss": f"https://oidc.vercel.com/{team}",
        "aud": f"https://vercel.com/{team}",
        "sub": f"owner:{team}:project:{project}:environment:production",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
    }
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "cmVoZWFyc2Fs"])


def _told(status: int, code: str, why: str) -> Response:
    return PlainTextResponse(f"{code}: {why}\n", status, headers={"x-vercel-error": code})
