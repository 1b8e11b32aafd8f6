"""Counts Terraform's own share of a rehearsal: the seconds in which at least one Terraform ran."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from sesari.model.engine import Engine, EngineCall, EngineRun, OnEvent, Running


class ClockedEngine:
    """An engine that keeps time. Runs that overlap count once."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self.seconds = 0.0

    @property
    def version(self) -> str:
        return self._inner.version

    @property
    def label(self) -> str:
        return self._inner.label

    def start(self, call: EngineCall, on_event: OnEvent) -> Running:
        running = self._inner.start(call, on_event)
        with self._lock:
            if self._under_way == 0:
                self._since = time.monotonic()
            self._under_way += 1
        return _Clocked(running, self)

    def ended(self) -> None:
        """One run is over."""
        with self._lock:
            self._under_way -= 1
            if self._under_way == 0:
                self.seconds += time.monotonic() - self._since


@dataclass(frozen=True, eq=False)
class _Clocked:
    inner: Running
    engine: ClockedEngine

    def wait(self) -> EngineRun:
        try:
            return self.inner.wait()
        finally:
            self.engine.ended()

    def interrupt(self) -> None:
        self.inner.interrupt()

    def kill(self) -> None:
        self.inner.kill()
