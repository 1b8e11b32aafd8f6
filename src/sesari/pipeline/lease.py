"""Holding an environment: the lease with its heartbeat, and what happens when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sesari.errors import Problem, Refused, SesariError
from sesari.model.lease import Lease
from sesari.model.progress import Phase, Progress
from sesari.model.store import Conflict, Store
from sesari.pipeline.tools import Tools
from sesari.release.lease import BEAT, Held, Take, Wait, beat, decide, decode, encode, lost, release

_LOOK = 1.0


class HeldLease:
    """A lease that is held now; `dead` is whom it was taken from. `check` raises as soon as it is not held."""

    def __init__(self, tools: Tools, lease: Lease, version: str, inherited: int, dead: Lease | None) -> None:
        self.lease = lease
        self.dead = dead
        self.inherited = inherited
        self._tools = tools
        self._version = version
        self._renewed = tools.clock.elapsed()
        self._over = threading.Event()
        self._lost: Problem | None = None
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.environment}", daemon=True)

    def check(self) -> None:
        """Raise SesariError `lease-lost` when it is no longer held. Called before every effect."""
        if self._lost is not None:
            raise SesariError(self._lost)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stop the heartbeat and give the lease back, if it is still ours."""
        self._over.set()
        self._thread.join()
        if self._lost is not None:
            return
        try:
            self._write(release(self.lease, self._tools.clock.now()))
        except (Conflict, SesariError):
            # Raising would hide what the work itself raised; others find the holder dead instead.
            words = f"the lease could not be given back; others wait {self.lease.ttl} s for it"
            self._tools.report(Progress(self._tools.name, "lease", Phase.ERRORED, words))

    def _beat(self) -> None:
        while not self._over.wait(BEAT / 2):
            problem = self._renew()
            if problem is not None:
                self._lost = problem
                self._tools.stop.ask(problem)
                self._insist(problem)
                return

    def _renew(self) -> Problem | None:
        """Write a heartbeat; why the lease is lost, or None."""
        try:
            try:
                self._write(beat(self.lease, self._tools.clock.now()))
                return None
            except Conflict:
                return self._after_conflict()
        except SesariError:
            # The store cannot be reached. That is not yet a loss: others must first think us dead.
            return lost(self.lease, self.lease, self._tools.clock.elapsed() - self._renewed)

    def _after_conflict(self) -> Problem | None:
        current = _read(self._tools.delivery, self.lease.environment)
        problem = lost(self.lease, current[0] if current else None, 0.0)
        if problem is None and current is not None:
            # Our own earlier write, whose answer was lost on the way.
            self.lease, self._version = current
        return problem

    def _insist(self, problem: Problem) -> None:
        """A Terraform that has not stopped by the time others may act is ended."""
        if not self._over.wait(self.lease.ttl / 3):
            self._tools.stop.ask(problem)

    def _write(self, lease: Lease) -> None:
        self._version = self._tools.delivery.replace(lease_key(lease.environment), encode(lease), self._version)
        self.lease = lease
        self._renewed = self._tools.clock.elapsed()


def lease_key(environment: str) -> str:
    """Where the lease of an environment lies in the delivery store."""
    return f"environments/{environment}/lease.json"


def current_lease(store: Store, environment: str) -> Lease | None:
    """The lease as stored, released or not."""
    found = _read(store, environment)
    return found[0] if found else None


@contextmanager
def held(tools: Tools, purpose: str) -> Iterator[HeldLease]:
    """Hold the environment while the block runs. Raises Refused `environment-held` when somebody alive holds it."""
    with tools.mark.claim(tools.holder) as inherited:
        take, version = _take(tools, purpose)
        mine = HeldLease(tools, take.lease, version, inherited, take.dead)
        mine.start()
        try:
            yield mine
        finally:
            mine.end()
        mine.check()


def _take(tools: Tools, purpose: str) -> tuple[Take, str]:
    seen: Lease | None = None
    began, moved = tools.clock.elapsed(), False
    while True:
        found = _read(tools.delivery, tools.name)
        current = found[0] if found else None
        if current is not None and (seen is None or _who(current) != _who(seen)):
            seen, began, moved = current, tools.clock.elapsed(), False
        elif current is not None and seen is not None and current.heartbeat != seen.heartbeat:
            seen, began, moved = current, tools.clock.elapsed(), True
        decision = decide(
            current,
            tools.clock.now(),
            tools.name,
            tools.holder,
            purpose,
            watched=tools.clock.elapsed() - began,
            moved=moved,
            known_dead=current is not None and tools.mark.is_dead(current.holder),
        )
        if isinstance(decision, Held):
            raise Refused(held_by(decision.holder))
        if isinstance(decision, Take):
            taken = _try(tools, decision.lease, found)
            if taken is not None:
                return decision, taken
        else:
            _pause(tools, decision)


def _try(tools: Tools, lease: Lease, found: tuple[Lease, str] | None) -> str | None:
    """The stored version if the lease is ours now; None when somebody was faster."""
    key = lease_key(lease.environment)
    try:
        return (
            tools.delivery.replace(key, encode(lease), found[1]) if found else tools.delivery.create(key, encode(lease))
        )
    except Conflict:
        # S3 may have taken a write whose answer was lost; a repeated attempt then conflicts with itself.
        again = _read(tools.delivery, lease.environment)
        return again[1] if again and again[0] == lease else None


def _pause(tools: Tools, decision: Wait) -> None:
    detail = f"`{decision.holder.holder}` holds it; watching whether it lives"
    tools.report(Progress(tools.name, "lease", Phase.RUNNING, detail, seconds=decision.seconds))
    if tools.stop.wait(min(_LOOK, max(0.05, decision.seconds))):
        tools.stop.check()


def held_by(lease: Lease) -> Problem:
    """Why an environment cannot be changed now."""
    return Problem(
        "environment-held",
        f"`{lease.environment}` is being changed by somebody else",
        where=f"`{lease.holder}`, {lease.purpose}, since {lease.acquired:%Y-%m-%d %H:%M:%S} UTC",
        why=f"its last sign of life was at {lease.heartbeat:%H:%M:%S} UTC",
        hint="Wait until it is done; nothing was changed",
    )


def _who(lease: Lease) -> tuple[int, str]:
    return lease.token, lease.holder


def _read(store: Store, environment: str) -> tuple[Lease, str] | None:
    found = store.get(lease_key(environment))
    return (decode(found.body, found.key), found.version) if found else None
