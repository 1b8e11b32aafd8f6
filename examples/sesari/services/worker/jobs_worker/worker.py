"""The loop: receive one message, do its job, delete the message; until told to stop."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from jobs_worker.jobs import Claim
from jobs_worker.summary import Summarize

log = logging.getLogger("jobs_worker")


@dataclass(frozen=True, slots=True)
class Message:
    """`receipt` names this delivery of the message."""

    body: str
    receipt: str


class Queue(Protocol):
    def receive(self) -> Message | None:
        """Waits some seconds for a message."""

    def delete(self, message: Message) -> None:
        """It is never delivered again."""

    def release(self, message: Message, delay: int) -> None:
        """It is delivered again after `delay` seconds."""


class JobStore(Protocol):
    def claim(self, job: str) -> str | Claim: ...
    def finish(self, job: str, result: str) -> None: ...
    def give_back(self, job: str, error: str) -> None: ...


def run(queue: Queue, jobs: JobStore, summarize: Summarize, stop: Event) -> int:
    """Works until `stop` is set; the number of jobs done. The job in hand is finished, no other is begun."""
    done = 0
    while not stop.is_set():
        try:
            message = queue.receive()
        except Exception:
            log.exception("the queue cannot be read")
            stop.wait(5)
            continue
        if message is None:
            continue
        if stop.is_set():
            # It arrived while we were told to stop: at once somebody else's.
            queue.release(message, 0)
            break
        done += handle(message, queue, jobs, summarize)
    return done


def handle(message: Message, queue: Queue, jobs: JobStore, summarize: Summarize) -> bool:
    """Whether the job was done now. Any failure leaves the message on the queue, which counts the attempts."""
    job = job_of(message.body)
    if job is None:
        log.error("not a job, left for the dead letters: %.80r", message.body)
        return False
    try:
        text = jobs.claim(job)
        if isinstance(text, Claim):
            if text is Claim.FINISHED:
                queue.delete(message)
            return False
    except Exception:
        log.exception("job %s cannot be claimed", job)
        return False
    try:
        jobs.finish(job, summarize(text))
        queue.delete(message)
    except Exception as error:
        log.exception("job %s failed", job)
        give_back(job, jobs, error)
        return False
    log.info("job %s done", job)
    return True


def give_back(job: str, jobs: JobStore, error: Exception) -> None:
    """Without the database nothing can be noted; then the claim runs out by itself."""
    try:
        jobs.give_back(job, f"{type(error).__name__}: {error}"[:500])
    except Exception:
        log.exception("job %s cannot be given back", job)


def job_of(body: str) -> str | None:
    """The job's id in a message, or None when the body is none."""
    try:
        return str(uuid.UUID(body))
    except ValueError:
        return None
