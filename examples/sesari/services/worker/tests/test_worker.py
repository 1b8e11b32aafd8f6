"""The loop with a queue in memory: idempotent, patient with failures, and it stops when it is told to."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event

import pytest

from jobs_worker.jobs import Claim, Jobs
from jobs_worker.settings import Settings, WrongSettings, read_settings
from jobs_worker.summary import extract, openai
from jobs_worker.worker import Message, run

JOB = str(uuid.uuid4())
OTHER = str(uuid.uuid4())


class MemoryQueue:
    """Ends the worker when it is empty. `before_receive` happens inside the wait for a message."""

    def __init__(self, stop: Event, *bodies: str, before_receive: Callable[[], None] | None = None) -> None:
        self.stop = stop
        self.waiting = [Message(body, f"receipt {number}") for number, body in enumerate(bodies)]
        self.before_receive = before_receive
        self.deleted: list[str] = []
        self.released: list[str] = []

    def receive(self) -> Message | None:
        if self.before_receive:
            self.before_receive()
        if not self.waiting:
            self.stop.set()
            return None
        return self.waiting.pop(0)

    def delete(self, message: Message) -> None:
        self.deleted.append(message.body)

    def release(self, message: Message, delay: int) -> None:
        self.released.append(message.body)


class MemoryJobs:
    def __init__(self, **status: str) -> None:
        self.status = dict(status)
        self.results: dict[str, str] = {}
        self.errors: list[str] = []

    def claim(self, job: str) -> str | Claim:
        status = self.status.get(job)
        if status == "running":
            return Claim.BUSY
        if status != "queued":
            return Claim.FINISHED
        self.status[job] = "running"
        return f"text of {job}"

    def finish(self, job: str, result: str) -> None:
        self.status[job] = "done"
        self.results[job] = result

    def give_back(self, job: str, error: str) -> None:
        self.status[job] = "queued"
        self.errors.append(error)


@pytest.fixture
def stop() -> Event:
    return Event()


def test_a_job_delivered_twice_is_done_once(stop: Event) -> None:
    queue, jobs = MemoryQueue(stop, JOB, JOB), MemoryJobs(**{JOB: "queued"})
    calls: list[str] = []
    assert run(queue, jobs, lambda text: calls.append(text) or "short", stop) == 1  # type: ignore[func-returns-value]
    assert calls == [f"text of {JOB}"] and jobs.results == {JOB: "short"}
    assert queue.deleted == [JOB, JOB]


def test_a_job_of_another_worker_is_left_alone(stop: Event) -> None:
    queue, jobs = MemoryQueue(stop, JOB), MemoryJobs(**{JOB: "running"})
    assert run(queue, jobs, extract, stop) == 0
    assert queue.deleted == [] and jobs.results == {}


def test_a_failed_job_stays_on_the_queue_and_the_next_is_done(stop: Event) -> None:
    def summarize(text: str) -> str:
        if JOB in text:
            raise OSError("no answer")
        return "short"

    queue, jobs = MemoryQueue(stop, JOB, OTHER), MemoryJobs(**{JOB: "queued", OTHER: "queued"})
    assert run(queue, jobs, summarize, stop) == 1
    assert queue.deleted == [OTHER]
    assert jobs.status == {JOB: "queued", OTHER: "done"} and jobs.errors == ["OSError: no answer"]


@pytest.mark.parametrize("body", ["", "not a job", "{}", "é" * 1000])
def test_what_is_no_job_goes_to_the_dead_letters(stop: Event, body: str) -> None:
    queue = MemoryQueue(stop, body)
    assert run(queue, MemoryJobs(), extract, stop) == 0
    assert queue.deleted == [] and queue.released == []


def test_the_job_in_hand_is_finished_and_no_other_begun(stop: Event) -> None:
    def summarize(text: str) -> str:
        stop.set()
        return "short"

    queue, jobs = MemoryQueue(stop, JOB, OTHER), MemoryJobs(**{JOB: "queued", OTHER: "queued"})
    assert run(queue, jobs, summarize, stop) == 1
    assert jobs.status == {JOB: "done", OTHER: "queued"} and len(queue.waiting) == 1


def test_a_message_that_arrives_while_stopping_is_released_at_once(stop: Event) -> None:
    queue, jobs = MemoryQueue(stop, JOB, before_receive=stop.set), MemoryJobs(**{JOB: "queued"})
    assert run(queue, jobs, extract, stop) == 0
    assert queue.released == [JOB] and jobs.status == {JOB: "queued"}


def test_an_unreadable_queue_is_tried_again(stop: Event) -> None:
    class Broken(MemoryQueue):
        def receive(self) -> Message | None:
            stop.set()  # or the test would wait for the pause between two tries
            raise OSError("no queue")

    assert run(Broken(stop), MemoryJobs(), extract, stop) == 0


def test_a_real_database_keeps_every_step_from_happening_twice(database_url: str) -> None:
    import psycopg

    with psycopg.connect(database_url) as connection:
        connection.execute("insert into jobs (id, owner, input) values (%s, %s, 'text')", [JOB, OTHER])
    jobs = Jobs(database_url)
    assert jobs.claim(JOB) == "text"
    assert jobs.claim(JOB) is Claim.BUSY
    jobs.give_back(JOB, "OSError: no answer")
    assert jobs.claim(JOB) == "text"
    assert Jobs(database_url, hold=0).claim(JOB) == "text", "the claim of a dead worker runs out"
    jobs.finish(JOB, "short")
    jobs.finish(JOB, "other")
    jobs.give_back(JOB, "too late")
    assert jobs.claim(JOB) is Claim.FINISHED
    assert jobs.claim(OTHER) is Claim.FINISHED, "a job that was never stored"
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select status, result, error, attempts from jobs").fetchone()
    assert row == ("done", "short", None, 3)


def test_first_sentences() -> None:
    assert extract("One.  Two.\nThree.", longest=9) == "One. Two."
    assert extract("word") == "word"
    assert extract("a" * 300) == "a" * 199 + "…"


def test_asking_a_model() -> None:
    seen: dict[str, object] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen["key"] = self.headers["Authorization"]
            seen["body"] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"choices": [{"message": {"content": "short"}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        assert openai("key-of-the-test", f"http://127.0.0.1:{server.server_port}")("long text") == "short"
    assert seen["key"] == "Bearer key-of-the-test"
    assert "long text" in json.dumps(seen["body"])


def test_settings() -> None:
    with pytest.raises(WrongSettings, match="DATABASE_URL, QUEUE_URL, OPENAI_API_KEY"):
        read_settings({"SUMMARIZER": "openai"})
    with pytest.raises(WrongSettings, match="not 'magic'"):
        read_settings({"DATABASE_URL": "postgres://pw", "QUEUE_URL": "q", "SUMMARIZER": "magic"})
    settings = read_settings({"DATABASE_URL": "postgres://pw", "QUEUE_URL": "q"})
    assert settings == Settings("postgres://pw", "", "q", "extract") and "pw" not in repr(settings)
