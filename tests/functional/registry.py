"""A small container registry on loopback: enough of the distribution API to be pushed to, read and mounted from."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "let-me-in"


@dataclass
class Shelf:
    """What the registry holds, what it was asked, and how it misbehaves. `challenge`: `bearer`, `basic` or none."""

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    challenge: str | None = None
    refuse_mounts: bool = False
    failures: dict[str, int] = field(default_factory=dict)  # method -> how often it answers 503 first
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, repository: str, body: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.blobs[repository, digest] = body
        return digest

    def add_manifest(self, repository: str, tag: str, value: dict, media_type: str) -> str:
        body = json.dumps(value).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for reference in (tag, digest):
            self.manifests[repository, reference] = (body, media_type)
        return digest


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def log_message(self, *arguments):
        """Quiet."""

    def do_HEAD(self):
        self._read()

    def do_GET(self):
        if self.path.startswith("/token"):
            self._answer(200, json.dumps({"token": TOKEN}).encode())
        else:
            self._read()

    def do_POST(self):
        name, query, body = self._begin()
        if name is None:
            return
        mount, origin = query.get("mount"), query.get("from")
        if mount and not self.shelf.refuse_mounts and (origin[0], mount[0]) in self.shelf.blobs:
            self.shelf.blobs[name, mount[0]] = self.shelf.blobs[origin[0], mount[0]]
            self._answer(201)
            return
        with self.shelf.lock:
            session = str(len(self.shelf.uploads) + 1)
            self.shelf.uploads[session] = bytearray(body)
        self._answer(202, headers={"Location": f"/v2/{name}/blobs/uploads/{session}?state=x"})

    def do_PATCH(self):
        name, _, body = self._begin()
        if name is not None:
            session = urlsplit(self.path).path.rsplit("/", 1)[1]
            self.shelf.uploads[session] += body
            self._answer(202, headers={"Location": f"/v2/{name}/blobs/uploads/{session}?state=y"})

    def do_DELETE(self):
        if self._begin()[0] is not None:
            self._answer(204)

    def do_PUT(self):
        name, query, body = self._begin()
        if name is None:
            return
        path = urlsplit(self.path).path
        if "/manifests/" in path:
            self._put_manifest(name, path.rsplit("/", 1)[1], body)
            return
        content = bytes(self.shelf.uploads.pop(path.rsplit("/", 1)[1])) + body
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if digest != query["digest"][0]:
            self._answer(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]}')
            return
        self.shelf.blobs[name, digest] = content
        self._answer(201)

    def _put_manifest(self, name, reference, body):
        value = json.loads(body)
        missing = [
            one["digest"]
            for one in (value["config"], *value["layers"])
            if (name, one["digest"]) not in self.shelf.blobs
        ]
        if missing:
            self._answer(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"no such blob"}]}')
            return
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        for one in (reference, digest):
            self.shelf.manifests[name, one] = (body, self.headers["content-type"])
        self._answer(201)

    def _read(self):
        name, _, _ = self._begin()
        if name is None:
            return
        path = urlsplit(self.path).path
        reference = path.rsplit("/", 1)[1]
        if "/manifests/" in path:
            body, media_type = self.shelf.manifests.get((name, reference), (None, ""))
        else:
            body, media_type = self.shelf.blobs.get((name, reference)), "application/octet-stream"
        if body is None:
            self._answer(404, b'{"errors":[{"code":"UNKNOWN","message":"not here"}]}')
            return
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self._answer(200, body, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _begin(self):
        """Repository, query and body; (None, ...) when the answer is already given."""
        length = self.headers.get("content-length")
        body = self.rfile.read(int(length)) if length else b""
        parts = urlsplit(self.path)
        with self.shelf.lock:
            self.shelf.asked.append((self.command, parts.path))
            failing = self.shelf.failures.get(self.command, 0)
            if failing:
                self.shelf.failures[self.command] = failing - 1
        given = self.headers.get("authorization", "")
        wanted = {"bearer": f"Bearer {TOKEN}", "basic": "Basic QVdTOnNlY3JldA=="}.get(self.shelf.challenge or "", given)
        if failing:
            self._answer(503)
        elif given != wanted:
            realm = f"http://127.0.0.1:{self.server.server_address[1]}/token"
            scheme = f'Bearer realm="{realm}",service="x"' if self.shelf.challenge == "bearer" else 'Basic realm="x"'
            self._answer(401, headers={"WWW-Authenticate": scheme})
        else:
            found = re.match(r"/v2/(?P<name>.+?)/(blobs|manifests)/", parts.path)
            return found["name"], parse_qs(parts.query), body
        return None, {}, b""

    def _answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving(shelf: Shelf):
    """The registry's URL while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"shelf": shelf}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
