"""Applies that end half-way: a provider that says no, a process that is killed, a lock left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sesari.errors import SesariError
from sesari.model.access import Purpose
from sesari.pipeline.lease import current_lease
from sesari.pipeline.state_lock import found_lock
from sesari.pipeline.unlock import unlock
from sesari.rehearsal.aws.faults import Fault
from sesari.rehearsal.story import edits
from sesari.rehearsal.story.by_hand import killed, run_by_hand, start_by_hand
from sesari.rehearsal.story.chapters.environments import nothing_to_do
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Evidence, Telling, refusal

SECONDS_TO_BEGIN = 30.0
HANG_SECONDS = 8.0


def play(stage: Stage, telling: Telling) -> str:
    """Breaks three applies of the first environment, and brings each back."""
    name = stage.environments[0]
    before = _refused_half_way(stage, telling, name)
    _killed(stage, telling, name, before)
    with telling.proving("killed.foreign-lock") as evidence:
        evidence.settle(*_foreign_lock(stage, name))
    return "broken by the provider, by kill -9, by a lock left behind: each brought back"


def _refused_half_way(stage: Stage, telling: Telling, name: str) -> str:
    """The manifest's text as it was before."""
    before = stage.edit(edits.longer_visibility, edits.another_port)
    telling.doing("an apply that the provider breaks")
    with telling.proving("broken.told") as evidence:
        planned = stage.plan(name)
        serial = stage.serial(name)
        with fault(stage, Fault("sqs", "SetQueueAttributes", "AccessDenied", account=stage.account(name))):
            try:
                stage.apply(name, planned)
                evidence.settle(False, "the apply did not break")
            except SesariError as error:
                told = " ".join(f"{p.what} {p.where} {p.why}" for p in error.problems)
                half_way = stage.serial(name) > serial
                named = "aws_sqs_queue" in told and "AccessDenied" in told
                evidence.settle(named and half_way, told[:160])
    with telling.proving("broken.resumed") as evidence:
        stage.apply(name, stage.plan(name))
        evidence.settle(*nothing_to_do({name: stage.plan(name)}))
    return before


def _killed(stage: Stage, telling: Telling, name: str, before: str) -> None:
    stage.rewrite(before)
    stage.plan(name)
    slow = Fault("sqs", "SetQueueAttributes", "delay", seconds=HANG_SECONDS, account=stage.account(name))
    telling.doing("an apply that is killed while it works")
    with fault(stage, slow), _applying(stage, name) as process:
        with telling.proving("killed.kept-out") as evidence:
            evidence.settle(*_kept_out(stage, name))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with telling.proving("killed.continued") as evidence:
        tools = stage.tools(name, Purpose.DEPLOY)
        dead, left = current_lease(tools.delivery, name), found_lock(tools)
        stage.apply(name, stage.plan(name))
        taken, lock = current_lease(tools.delivery, name), found_lock(tools)
        empty, detail = nothing_to_do({name: stage.plan(name)})
        orphaned = dead is not None and not dead.released and left is not None and left.id == dead.lock_id
        succeeded = taken is not None and dead is not None and taken.token > dead.token and lock is None
        tokens = f"lease {dead.token} was dead, {taken.token} took over" if dead and taken else "no lease was found"
        evidence.settle(orphaned and succeeded and empty, f"{tokens}; {detail}")


@contextmanager
def fault(stage: Stage, planned: Fault) -> Iterator[None]:
    """The fault is in force while the block runs."""
    stage.cloud.plan_faults([planned])
    try:
        yield
    finally:
        stage.cloud.plan_faults([])


@contextmanager
def _applying(stage: Stage, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sesari apply` as a process of its own, once it holds the lease and the state lock."""
    log = stage.project.root.parent / "killed-apply.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "sesari", "apply", "-e", name, "--yes", "--project", str(stage.project.root)],
            env={**stage.machine, "SESARI_REHEARSAL": str(stage.cloud.folder)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        tools = stage.tools(name, Purpose.DEPLOY)
        _until(lambda: found_lock(tools) is not None or process.poll() is not None)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _kept_out(stage: Stage, name: str) -> tuple[bool, str]:
    """A second Sesari and a Terraform by hand, while the first one works."""
    plain = run_by_hand(stage, name, ("apply", "-input=false", "-no-color", "-auto-approve"), Purpose.DEPLOY)
    kept_out = plain.exit_code != 0 and "Error acquiring the state lock" in plain.output
    try:
        stage.apply(name, stage.plan(name))
    except SesariError as error:
        refused = "environment-held" in error.codes
        return kept_out and refused, f"Sesari: {error.codes[0]}; by hand: {'kept out' if kept_out else 'got in'}"
    return False, "a second apply got in"


def _foreign_lock(stage: Stage, name: str) -> tuple[bool, str]:
    """A Terraform by hand is killed while it holds the lock; Sesari must neither pass nor remove it."""
    slow = Fault("sqs", "GetQueueAttributes", "delay", seconds=HANG_SECONDS, account=stage.account(name))
    tools = stage.tools(name, Purpose.DEPLOY)
    planned = stage.plan(name)
    with fault(stage, slow):
        running = start_by_hand(stage, name, ("plan", "-input=false", "-no-color"), Purpose.DEPLOY)
        _until(lambda: found_lock(tools) is not None or running.poll() is not None)
        killed(running)
    left = found_lock(tools)
    if left is None:
        return False, "the Terraform by hand left no lock"
    evidence = Evidence()
    with refusal("state-locked", evidence):
        stage.apply(name, planned)
    still = found_lock(tools)
    kept = still is not None and still.id == left.id
    unlock(tools, left.id)
    gone = found_lock(tools) is None
    return evidence.outcome and kept and gone, f"{evidence.detail}; released by its id only"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_BEGIN
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nothing took the state lock")
        time.sleep(0.05)
