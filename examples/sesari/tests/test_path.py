"""The whole path: a request to the api, the queue, the worker, the result; with real processes and a real database."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import jwt
import psycopg
import pytest

SERVICES = Path(__file__).resolve().parent.parent / "services"
SECRET = "0123456789abcdef0123456789abcdef"
ALICE = "a11ce000-0000-4000-8000-000000000000"
AWS = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TEXT = "The first sentence. " + "Another one follows it. " * 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(argv: list[str], folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ["PATH"], **AWS, **variables}
    with (folder / f"{argv[2]}.log").open("wb") as log:
        child = subprocess.Popen(
            argv, cwd=SERVICES / variables.get("SERVICE", "."), env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def until(true: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """The first true answer; failing to connect counts as false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = true()
        except OSError:
            answer = None
        if answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError(what)


@pytest.fixture
def queue_client(tmp_path: Path) -> Iterator[Any]:
    if importlib.util.find_spec("ministack") is None:
        pytest.skip("no ministack here: the path over a queue was not tested")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "SERVICES": "sqs", "HOME": str(tmp_path)}
    with process([sys.executable, "-m", "ministack.app"], tmp_path, **settings):
        until(lambda: urllib.request.urlopen(f"{url}/_ministack/health", timeout=2), "the emulator does not answer")
        yield boto3.client(
            "sqs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )


def ask(port: int, body: dict[str, str] | None = None) -> dict[str, Any]:
    token = jwt.encode({"sub": ALICE, "exp": int(time.time()) + 60}, SECRET, algorithm="HS256")
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/jobs",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        content: dict[str, Any] = json.load(answer)
        return content


def test_a_text_in_and_its_summary_out(queue_client: Any, database_url: str, tmp_path: Path) -> None:
    url = queue_client.create_queue(QueueName="jobs")["QueueUrl"]
    endpoint = queue_client.meta.endpoint_url
    port = free_port()
    api = {
        "SERVICE": "api",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SESSION_SECRET": SECRET,
        "QUEUE_URL_JOBS": url,
    }
    worker = {"SERVICE": "worker", "QUEUE_URL": url}
    common = {"DATABASE_URL": database_url, "AWS_ENDPOINT_URL": endpoint}
    with (
        process([sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"], tmp_path, **api, **common),
        process([sys.executable, "-m", "jobs_worker"], tmp_path, **worker, **common) as working,
    ):
        job = until(lambda: ask(port, {"input": TEXT}), "the api does not answer")["job"]
        assert job["status"] == "queued"
        # The same job once more on the queue: it must not be done twice.
        queue_client.send_message(QueueUrl=url, MessageBody=job["id"])
        until(lambda: ask(port)["jobs"][0]["status"] == "done", "the job is not done")
        until(lambda: waiting(queue_client, url) == 0, "the second message is not taken")
        assert ask(port)["jobs"][0]["result"].startswith("The first sentence. Another one")
        working.send_signal(signal.SIGTERM)
        assert working.wait(15) == 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select attempts from jobs").fetchall() == [(1,)]
    assert b"stopped after 1 jobs" in (tmp_path / "jobs_worker.log").read_bytes()


def waiting(queue_client: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = queue_client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in attributes.values())
