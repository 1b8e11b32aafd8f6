"""The frontend as a server process: built, started, read as two users. Needs npm and a registry: a long test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jwt
import psycopg
import pytest

WEB = Path(__file__).resolve().parent.parent / "apps" / "web"
SECRET = "0123456789abcdef0123456789abcdef"
ALICE, BOB = "a11ce000-0000-4000-8000-000000000000", "b0b00000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.long


def npm(*arguments: str) -> None:
    subprocess.run(["npm", *arguments], cwd=WEB, check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def built() -> Path:
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine: the example's frontend was not built")
    npm("ci")
    npm("run", "build")
    return WEB


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int, **variables: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.environ["PATH"], "NEXT_TELEMETRY_DISABLED": "1", "RELEASE": "7f3c", **variables}
    argv = ["node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", str(port)]
    return subprocess.Popen(argv, cwd=WEB, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ask(port: int, path: str, user: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if user:
        token = jwt.encode({"sub": user, "exp": int(time.time()) + 60}, SECRET, algorithm="HS256")
        request.add_header("Cookie", f"session={token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def web(built: Path, database_url: str) -> Iterator[int]:
    options = dict(part.split("=", 1) for part in database_url.split())
    port = free_port()
    # In a URL a unix socket has no place; the client then takes its folder from PGHOST.
    url = f"postgres:///{options['dbname']}"
    process = start(port, DATABASE_URL=url, SESSION_SECRET=SECRET, PGHOST=options["host"], PGUSER="postgres")
    try:
        for _ in range(200):
            try:
                ask(port, "/api/health")
                break
            except OSError:
                assert process.poll() is None, "the web ended instead of serving"
                time.sleep(0.1)
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) in (0, 143)
    finally:
        process.kill()
        process.communicate()


def test_each_user_sees_own_jobs(web: int, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("insert into jobs (owner, input) values (%s, 'of alice'), (%s, 'of bob')", [ALICE, BOB])
    assert ask(web, "/api/health") == (200, '{"status":"ok","release":"7f3c"}')
    status, page = ask(web, "/", ALICE)
    assert status == 200 and "of alice" in page and "of bob" not in page
    assert "of bob" in ask(web, "/api/jobs", BOB)[1]
    assert "Sign in" in ask(web, "/")[1]
    assert ask(web, "/api/jobs")[0] == 401


def test_an_incomplete_environment_ends_the_start(built: Path) -> None:
    process = start(free_port(), DATABASE_URL="postgres://127.0.0.1:9/none")
    try:
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert b"missing environment variables: SESSION_SECRET" in output
