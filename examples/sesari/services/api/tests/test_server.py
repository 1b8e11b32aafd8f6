"""The real server process: it serves, reads a real database, and finishes a request in flight when it is stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import ConnectionPool

from jobs_api.jobs import Jobs
from jobs_api.session import sign

SERVICE = Path(__file__).resolve().parent.parent
SECRET = "0123456789abcdef0123456789abcdef"
ALICE, BOB = str(uuid.uuid4()), str(uuid.uuid4())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        try:
            ask(port, "/healthz")
            return
        except OSError:
            assert process.poll() is None, "the server ended instead of serving"
            time.sleep(0.05)
    raise TimeoutError("the server does not answer")


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    argv = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    return subprocess.Popen(argv, cwd=SERVICE, env=plain | environment, stderr=subprocess.PIPE)


@pytest.fixture
def server_port(database_url: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    process = start(
        {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": database_url,
            "SESSION_SECRET": SECRET,
            "QUEUE_URL_JOBS": "http://127.0.0.1:9/000000000000/jobs",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    )
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.kill()
        process.communicate()


def test_jobs_of_two_users_stay_apart_in_a_real_database(database_url: str) -> None:
    with ConnectionPool(database_url, min_size=1, max_size=1) as pool:
        jobs = Jobs(pool)
        first = jobs.add(ALICE, "of alice", "key")
        assert jobs.add(ALICE, "of alice", "key")["id"] == first["id"]
        assert jobs.add(BOB, "of bob", "key")["id"] != first["id"]
        assert [job["input"] for job in jobs.of(ALICE)] == ["of alice"]
        assert [job["input"] for job in jobs.of(BOB)] == ["of bob"]
        assert jobs.reachable()


def test_serves_and_ends_cleanly_on_sigterm(server_port: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, process = server_port
    assert ask(port, "/readyz")[0] == 200
    assert ask(port, "/jobs")[0] == 401
    assert ask(port, "/jobs", Authorization=f"Bearer {sign(ALICE, SECRET)}") == (200, b'{"jobs": []}')
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_request_in_flight_is_answered_after_sigterm(server_port: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, process = server_port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        # The body is announced and not yet sent: the application waits in the middle of this request.
        token = sign(ALICE, SECRET)
        head = f"POST /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 2\r\n\r\n"
        slow.sendall(head.encode())
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        threading.Timer(0.5, slow.sendall, [b"{}"]).start()
        assert slow.recv(4096).startswith(b"HTTP/1.1 400")
    assert process.wait(10) == 0


def test_an_incomplete_environment_ends_the_start_with_one_line() -> None:
    process = start({"HOST": "127.0.0.1", "PORT": str(free_port()), "DATABASE_URL": "unused"})
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode != 0
    assert b"jobs_api cannot start: missing environment variables: SESSION_SECRET, QUEUE_URL_JOBS" in errors
    assert b"Traceback" not in errors
