"""The HTTP surface, without a database or a queue."""

from __future__ import annotations

import io
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from jobs_api.app import LONGEST_BODY, LONGEST_INPUT, App
from jobs_api.session import NotSignedIn, sign, user_of
from jobs_api.settings import MissingVariables, Settings, read_settings

SECRET = "0123456789abcdef0123456789abcdef"
ALICE = str(uuid.uuid4())
SETTINGS = Settings(database_url="unused", session_secret=SECRET, queue_url="unused", release="7f3c")


class MemoryJobs:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, user: str, text: str, request_key: str | None) -> dict[str, Any]:
        for row in self.rows:
            if request_key and (row["owner"], row["key"]) == (user, request_key):
                return row
        row = {"id": str(uuid.uuid4()), "owner": user, "key": request_key, "input": text, "status": "queued"}
        self.rows.append(row)
        return row

    def of(self, user: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["owner"] == user]

    def reachable(self) -> bool:
        raise OSError("no database")


class Api:
    """Asks an application as a client would."""

    def __init__(self) -> None:
        self.jobs = MemoryJobs()
        self.queued: list[str] = []
        self.queue_fails = False
        self.app = App(SETTINGS, self.jobs, self.enqueue)

    def enqueue(self, job: str) -> None:
        if self.queue_fails:
            raise OSError("no queue")
        self.queued.append(job)

    def ask(
        self, method: str, path: str, body: bytes = b"", user: str | None = ALICE, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **headers,
        }
        if user:
            environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {sign(user, SECRET)}")
        seen: list[str] = []
        content = b"".join(self.app(environ, lambda status, _: seen.append(status)))
        return int(seen[0].split()[0]), json.loads(content)


@pytest.fixture
def api() -> Api:
    return Api()


def text(value: object) -> bytes:
    return json.dumps({"input": value}).encode()


def test_health_needs_neither_session_nor_database(api: Api) -> None:
    assert api.ask("GET", "/healthz", user=None) == (200, {"status": "ok", "release": "7f3c"})


def test_not_ready_without_a_database(api: Api) -> None:
    assert api.ask("GET", "/readyz", user=None)[0] == 503


def test_a_job_is_stored_and_queued(api: Api) -> None:
    status, content = api.ask("POST", "/jobs", text("long text"))
    assert (status, content["job"]["status"]) == (202, "queued")
    assert api.queued == [content["job"]["id"]]
    assert [job["input"] for job in api.ask("GET", "/jobs")[1]["jobs"]] == ["long text"]


def test_somebody_else_does_not_see_it(api: Api) -> None:
    api.ask("POST", "/jobs", text("long text"))
    assert api.ask("GET", "/jobs", user=str(uuid.uuid4())) == (200, {"jobs": []})


def test_the_same_request_twice_is_one_job(api: Api) -> None:
    first = api.ask("POST", "/jobs", text("a"), HTTP_IDEMPOTENCY_KEY="k")
    assert api.ask("POST", "/jobs", text("a"), HTTP_IDEMPOTENCY_KEY="k") == first
    assert len(api.jobs.rows) == 1


def test_a_failed_queue_is_healed_by_repeating_the_request(api: Api) -> None:
    api.queue_fails = True
    assert api.ask("POST", "/jobs", text("a"), HTTP_IDEMPOTENCY_KEY="k") == (503, {"error": "try again"})
    api.queue_fails = False
    assert api.ask("POST", "/jobs", text("a"), HTTP_IDEMPOTENCY_KEY="k")[0] == 202
    assert api.queued == [api.jobs.rows[0]["id"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"{}", 400),
        (text(""), 400),
        (text(7), 400),
        (text("a\0b"), 400),
        (text("a" * (LONGEST_INPUT + 1)), 400),
        (b" " * (LONGEST_BODY + 1), 413),
    ],
)
def test_wrong_bodies(api: Api, body: bytes, status: int) -> None:
    assert api.ask("POST", "/jobs", body)[0] == status
    assert api.jobs.rows == []


def test_wrong_requests(api: Api) -> None:
    assert api.ask("GET", "/", user=None)[0] == 404
    assert api.ask("DELETE", "/jobs")[0] == 405
    assert api.ask("POST", "/jobs", text("a"), CONTENT_LENGTH="many")[0] == 400
    assert api.ask("POST", "/jobs", text("a"), HTTP_IDEMPOTENCY_KEY="k" * 201)[0] == 400


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer x.y.z",
        f"Basic {sign(ALICE, SECRET)}",
        f"Bearer {sign(ALICE, SECRET[::-1])}",
        f"Bearer {sign('not-a-uuid', SECRET)}",
        f"Bearer {sign(ALICE, SECRET, timedelta(seconds=-1))}",
    ],
    ids=["none", "empty", "garbage", "scheme", "key", "user", "expired"],
)
def test_wrong_sessions(api: Api, authorization: str) -> None:
    assert api.ask("GET", "/jobs", HTTP_AUTHORIZATION=authorization)[0] == 401
    with pytest.raises(NotSignedIn):
        user_of(authorization, SECRET)


def test_settings_name_everything_that_is_missing_and_hide_secrets() -> None:
    with pytest.raises(MissingVariables, match=r"DATABASE_URL, SESSION_SECRET, QUEUE_URL_JOBS"):
        read_settings({"DATABASE_URL": ""})
    settings = read_settings({"DATABASE_URL": "postgres://pw", "SESSION_SECRET": SECRET, "QUEUE_URL_JOBS": "q"})
    assert SECRET not in repr(settings) and "pw" not in repr(settings)
