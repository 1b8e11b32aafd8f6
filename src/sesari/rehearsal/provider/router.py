"""Sends each resource type to its backend, through the faults and the call log."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sesari.rehearsal.provider.backend import Attributes, Backend, Label, ProviderError
from sesari.rehearsal.provider.call_log import CallLog, FaultFile
from sesari.rehearsal.provider.faults import Fault, Operation, fault_error

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Router:
    """`routes` by resource or data source type; every other type goes to `fallback`. `caller` appears in errors."""

    fallback: Backend
    routes: Mapping[str, Backend]
    faults: FaultFile
    log: CallLog
    caller: str

    def label_of(self, type: str) -> Label:
        """How much of reality is behind a type."""
        return self._backend(type).label

    def create(self, type: str, planned: Attributes) -> Attributes:
        return self._call(type, "create", lambda: self._backend(type).create(type, planned))

    def read(self, type: str, state: Attributes) -> Attributes | None:
        return self._call(type, "read", lambda: self._backend(type).read(type, state))

    def update(self, type: str, prior: Attributes, planned: Attributes) -> Attributes:
        return self._call(type, "update", lambda: self._backend(type).update(type, prior, planned))

    def delete(self, type: str, prior: Attributes) -> None:
        return self._call(type, "delete", lambda: self._backend(type).delete(type, prior))

    def find(self, type: str, id: str) -> Attributes | None:
        return self._call(type, "find", lambda: self._backend(type).find(type, id))

    def data(self, type: str, config: Attributes) -> Attributes:
        return self._call(type, "data", lambda: self._backend(type).data(type, config))

    def _backend(self, type: str) -> Backend:
        return self.routes.get(type, self.fallback)

    def _call(self, type: str, operation: Operation, call: Callable[[], T]) -> T:
        started = time.monotonic()
        outcome = "errored"
        try:
            fault = self.faults.strike(type, operation)
            if fault is not None:
                self._suffer(fault, type, operation)
            result = call()
            outcome = "gone" if result is None and operation in ("read", "find") else "ok"
            return result
        except ProviderError as error:
            outcome = error.summary.splitlines()[0]
            raise
        finally:
            self.log.write(type, operation, time.monotonic() - started, outcome)

    def _suffer(self, fault: Fault, type: str, operation: Operation) -> None:
        time.sleep(fault.hang_seconds)
        if fault.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault.error is not None:
            raise fault_error(fault.error, type, operation, self.caller)
