"""A plain Node service: what its lock file pins, fetched without running any of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.functional.image_product import commit, service, small_product

from sesari.errors import SesariError
from sesari.pipeline.build import build
from sesari.pipeline.wiring_build import build_tools, image_store
from sesari.release.image import beside, process_of

DOCKERFILE = """FROM node:22-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY server.js .
CMD ["node", "server.js"]
"""
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm was not found: Node images are not built here")


def tarball() -> bytes:
    files = {
        "package/package.json": json.dumps({"name": "greet", "version": "1.0.0", "bin": {"greet": "cli.js"}}),
        "package/index.js": "module.exports = name => `hello ${name}`;\n",
        "package/cli.js": "#!/usr/bin/env node\n",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@contextmanager
def npm_registry(body: bytes):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments):
            """Quiet."""

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def files(url: str, body: bytes, **about) -> dict[str, str]:
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(body).digest()).decode()}"
    package = {"name": "api", "version": "1.0.0", "dependencies": {"greet": "1.0.0"}}
    locked = {"version": "1.0.0", "resolved": f"{url}/greet.tgz", "integrity": integrity, "bin": {"greet": "cli.js"}}
    lock = {"lockfileVersion": 3, "packages": {"": package, "node_modules/greet": {**locked, **about}}}
    return {
        "Dockerfile": DOCKERFILE,
        "package.json": json.dumps(package),
        "package-lock.json": json.dumps(lock),
        "server.js": "console.log(require('greet')('node'));\n",
    }


def tools(project):
    return build_tools(
        project, {**os.environ, "npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}, True
    )


@needs_npm
def test_a_node_service_is_assembled_the_same_twice_and_runs(tmp_path):
    body = tarball()
    with npm_registry(body) as url:
        made = []
        for name in ("one", "two"):
            project = small_product(tmp_path / name, files(url, body))
            made.append(build(tools(project), [service("api")]).images[0])
    assert made[0].digest == made[1].digest
    # Another commit, and no registry any more: the dependencies' layer is still there.
    (project.root / "services/api/server.js").write_text("console.log(require('greet')('again'));\n")
    commit(project.root)
    (changed,) = build(tools(project), [service("api")]).images
    assert changed.own[0] == made[1].own[0]
    folder = tmp_path / "unpacked"
    configuration = image_store(project).unpack(changed.digest, folder)
    process = beside(process_of(configuration), str(folder), os.environ["PATH"])
    run = subprocess.run(
        process.arguments, cwd=process.folder, env=dict(process.variables), capture_output=True, text=True, check=True
    )
    assert run.stdout == "hello again\n"
    assert os.access(folder / "app/node_modules/.bin/greet", os.X_OK)


@needs_npm
def test_a_package_that_is_not_what_the_lock_says_is_refused(tmp_path):
    with npm_registry(b"something else") as url:
        project = small_product(tmp_path, files(url, tarball()))
        with pytest.raises(SesariError) as raised:
            build(tools(project), [service("api")])
    assert raised.value.codes == ("dependencies-not-fetched",)
    assert "EINTEGRITY" in (raised.value.problems[0].why or "")


def test_a_package_that_runs_a_script_needs_a_builder(tmp_path):
    project = small_product(tmp_path, files("http://127.0.0.1:9", b"", hasInstallScript=True))
    with pytest.raises(SesariError) as raised:
        build(build_tools(project, os.environ, True), [service("api")])
    assert raised.value.codes in (("builder-needed",), ("node-missing",))
