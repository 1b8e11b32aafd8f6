"""The offline Vercel as a process of its own, and small apps to put on it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sesari.drivers.frontend_builder import read_files
from sesari.drivers.vercel import Vercel
from sesari.model.frontend import FrontendBuild
from sesari.pipeline.frontend import Patience, Target
from sesari.release.vercel import build_digest

# The CLI takes no token with a hyphen.
TOKENS = {"sesari-dev": "tokenofdev", "sesari-production": "tokenofproduction"}
PROJECT = "sesari-dev-web"


@dataclass
class Offline:
    """Where it answers. `slept` are the pauses that its clients made."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    slept: list[float] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, team: str = "sesari-dev") -> httpx.Response:
        headers = {"authorization": f"Bearer {TOKENS[team]}"}
        return httpx.request(method, self.url + path, headers=headers, json=body, timeout=30)

    def fail(self, *faults: Mapping[str, Any]) -> None:
        answer = self.ask("PUT", "/_standins/vercel/faults", list(faults))
        assert answer.status_code == 200, answer.text

    def client(self, team: str = "sesari-dev", token: str | None = None, seconds: float = 20) -> Vercel:
        variables = {"VERCEL_API_TOKEN": token or TOKENS[team], "SESARI_VERCEL_API": self.url}

        def sleep(pause: float) -> None:
            self.slept.append(pause)
            time.sleep(min(pause, 0.2))

        return Vercel(variables, team, seconds, sleep=sleep)

    def target(self, **patience: float) -> Target:
        return Target(self.client(), PROJECT, Patience(time.monotonic, time.sleep, between=0.05, **patience))


@contextmanager
def offline(folder: Path) -> Iterator[Offline]:
    """Start it on what the folder holds; one project is there."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({"vercel": TOKENS, "supabase": {}}), "utf-8")
    command = [sys.executable, "-m", "sesari.rehearsal.standins.server", "--tokens", str(tokens)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        port = json.loads(process.stdout.readline())["port"]
        running = Offline(f"http://127.0.0.1:{port}", folder, process)
        if running.ask("GET", f"/v9/projects/{PROJECT}").status_code == 404:
            assert running.ask("POST", "/v11/projects", {"name": PROJECT}).status_code == 200
        yield running
    finally:
        process.stdin.close()
        process.wait(15)
        process.stdout.close()


def static_app(folder: Path, text: str, more: Mapping[str, str] | None = None) -> FrontendBuild:
    """A build with a page that says `text`, a redirect, a page for what is not there, and other files."""
    routes: list[dict[str, Any]] = [
        {"src": "/old", "status": 308, "headers": {"Location": "/"}},
        {"src": "/(.*)", "headers": {"x-frame-options": "DENY"}, "continue": True},
        {"handle": "filesystem"},
        {"handle": "error"},
        {"src": "/.*", "dest": "/404", "status": 404},
    ]
    overrides = {"404.html": {"path": "404", "contentType": "text/html; charset=utf-8"}}
    _write(folder, ".vercel/output/config.json", {"version": 3, "routes": routes, "overrides": overrides})
    _write(folder, ".vercel/output/static/index.html", f"<h1>{text}</h1>")
    _write(folder, ".vercel/output/static/404.html", "<h1>nothing here</h1>")
    for name, content in (more or {}).items():
        _write(folder, f".vercel/output/static/{name}", content)
    return read_build(folder)


def function_app(folder: Path, text: str) -> FrontendBuild:
    """A build with one Node function at `/api/hello`; its library is mapped in from outside the output folder."""
    static_app(folder, text)
    place = ".vercel/output/functions/api/hello.func"
    description = {
        "runtime": "nodejs22.x",
        "handler": "index.js",
        "launcherType": "Nodejs",
        "filePathMap": {"lib/answer.js": "src/answer.js"},
    }
    _write(folder, f"{place}/.vc-config.json", description)
    _write(folder, "src/answer.js", f"module.exports = () => ({{ text: {json.dumps(text)}, of: process.env.OF }});")
    handler = """const answer = require("./lib/answer.js");
module.exports = (request, response) => {
  if (request.url.includes("broken")) throw new Error("broken on purpose");
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ ...answer(), url: request.url, matched: request.headers["x-matched-path"] }));
};
"""
    _write(folder, f"{place}/index.js", handler)
    return read_build(folder)


def read_build(folder: Path) -> FrontendBuild:
    from sesari.release.vercel import mapped_files

    files = read_files(folder, mapped_files)
    return FrontendBuild("web", "sha256:" + "0" * 64, build_digest(files), str(folder), files)


def _write(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
