"""Stopping work under way: once gracefully, twice at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sesari.errors import Problem, SesariError

_ABORTED = Problem(
    "aborted",
    "The work was stopped",
    why="somebody asked for it (Ctrl-C)",
    hint="Nothing is lost: run `sesari plan` again to see what is left to do",
)


EXIT_INTERRUPTED = 130


class Aborted(SesariError):
    """Somebody stopped the work. Exit code 130, as of any command that Ctrl-C stops."""

    exit_code = EXIT_INTERRUPTED


class Stoppable(Protocol):
    """What runs and can be stopped: a Terraform, an image builder."""

    def interrupt(self) -> None:
        """Ask it to stop gracefully."""

    def kill(self) -> None:
        """End it at once."""


class Stop:
    """One per piece of work; any thread may ask, the runs that are attached are told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Stoppable] = set()
        self._asked = threading.Event()
        self.reason: Problem | None = None

    def ask(self, reason: Problem = _ABORTED) -> None:
        """Stop gracefully: Terraform ends what is in flight and saves its state. Asked again: at once."""
        with self._lock:
            again = self._asked.is_set()
            self.reason = self.reason or reason
            self._asked.set()
            running = tuple(self._running)
        for run in running:
            if again:
                run.kill()
            else:
                run.interrupt()

    def check(self) -> None:
        """Raise the reason, if somebody asked to stop. Called before every effect."""
        if self.reason is not None:
            raise Aborted(self.reason) if self.reason is _ABORTED else SesariError(self.reason)

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake up when asked to stop; True then."""
        return self._asked.wait(seconds)

    @contextmanager
    def attached(self, run: Stoppable) -> Iterator[None]:
        """While the block runs, `run` is told when somebody asks."""
        with self._lock:
            self._running.add(run)
            late = self._asked.is_set()
        if late:
            run.interrupt()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(run)
