"""The HTTP surface, a WSGI application: /healthz, /readyz, GET /jobs, POST /jobs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from jobs_api.session import NotSignedIn, user_of
from jobs_api.settings import Settings

LONGEST_BODY = 100_000
LONGEST_INPUT = 20_000
Answer = tuple[HTTPStatus, dict[str, Any]]

log = logging.getLogger("jobs_api")


class JobStore(Protocol):
    def add(self, user: str, text: str, request_key: str | None) -> dict[str, Any]: ...
    def of(self, user: str) -> list[dict[str, Any]]: ...
    def reachable(self) -> bool: ...


class Rejected(Exception):
    """The request is wrong; the message is for its sender."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class App:
    """`enqueue` puts a job's id on the queue."""

    def __init__(self, settings: Settings, jobs: JobStore, enqueue: Callable[[str], None]) -> None:
        self._settings = settings
        self._jobs = jobs
        self._enqueue = enqueue

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        status, content = self._answer(environ)
        body = json.dumps(content, default=str).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Release", self._settings.release),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        try:
            return self._route(environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/"), environ)
        except NotSignedIn:
            return HTTPStatus.UNAUTHORIZED, {"error": "sign in first"}
        except Rejected as rejected:
            return rejected.status, {"error": str(rejected)}
        except Exception:
            log.exception("request failed")
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "try again"}

    def _route(self, method: str, path: str, environ: dict[str, Any]) -> Answer:
        if path == "/healthz":
            # Says only that this task serves. The database's health is /readyz: a load balancer that kills every
            # task because the database is slow makes a small outage a big one.
            return HTTPStatus.OK, {"status": "ok", "release": self._settings.release}
        if path == "/readyz":
            return HTTPStatus.OK, {"status": "ok", "database": self._jobs.reachable()}
        if path != "/jobs":
            raise Rejected(HTTPStatus.NOT_FOUND, "there is nothing here")
        user = user_of(environ.get("HTTP_AUTHORIZATION", ""), self._settings.session_secret)
        if method == "GET":
            return HTTPStatus.OK, {"jobs": self._jobs.of(user)}
        if method == "POST":
            return self._add(user, environ)
        raise Rejected(HTTPStatus.METHOD_NOT_ALLOWED, "GET or POST")

    def _add(self, user: str, environ: dict[str, Any]) -> Answer:
        # Stored first, queued second. When the queue fails the client gets 503 and repeats the request with the same
        # Idempotency-Key: the stored job is found and queued again, and the worker does a job once however often it
        # is queued.
        job = self._jobs.add(user, read_text(environ), request_key(environ))
        if job["status"] != "done":
            self._enqueue(job["id"])
        return HTTPStatus.ACCEPTED, {"job": job}


def request_key(environ: dict[str, Any]) -> str | None:
    """The Idempotency-Key header. Raises Rejected."""
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY") or None
    if key is not None and len(key) > 200:
        raise Rejected(HTTPStatus.BAD_REQUEST, "the Idempotency-Key is longer than 200 characters")
    return key


def read_text(environ: dict[str, Any]) -> str:
    """The `input` of a JSON body. Raises Rejected."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Rejected(HTTPStatus.BAD_REQUEST, "the length is not a number") from None
    if length > LONGEST_BODY:
        raise Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LONGEST_BODY} bytes")
    try:
        content = json.loads(environ["wsgi.input"].read(length))
    except ValueError:
        raise Rejected(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
    text = content.get("input") if isinstance(content, dict) else None
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_INPUT or "\0" in text:
        raise Rejected(HTTPStatus.BAD_REQUEST, f"`input` is a text of 1 to {LONGEST_INPUT} characters")
    return text
