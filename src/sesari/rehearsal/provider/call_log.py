"""What was asked of a cloud: JSON lines, never values. And the faults' counters, which outlive the daemon."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.faults import Fault, Operation, parse_faults
from sesari.rehearsal.provider.store import RecordStore


class CallLog:
    """Appends one line per call; lines of several daemons in one file do not mix (one write each, O_APPEND)."""

    def __init__(self, path: Path, provider: str, environment: str, identity: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._common = {"provider": provider, "environment": environment, "identity": identity}

    def write(self, type: str, operation: Operation, seconds: float, outcome: str) -> None:
        """`outcome` is `ok`, `gone` or the first line of the error."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **self._common,
            "type": type,
            "operation": operation,
            "seconds": round(seconds, 4),
            "outcome": outcome,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")


class FaultFile:
    """The faults of one environment, read again whenever the file changes; counts are kept in `counters`."""

    def __init__(self, path: Path, counters: RecordStore) -> None:
        self._path = path
        self._counters = counters
        self._read: tuple[int, tuple[Fault, ...]] = (0, ())

    def strike(self, type: str, operation: Operation) -> Fault | None:
        """The fault that strikes this call, if any. Every fault that matches counts the call.

        Raises ProviderError when the file is no list of faults.
        """
        struck: Fault | None = None
        for fault in self._faults():
            if fault.matches(type, operation):
                count = self._counters.next(f"fault/{fault.name}")
                if struck is None and fault.nth in (0, count):
                    struck = fault
        return struck

    def _faults(self) -> tuple[Fault, ...]:
        try:
            version = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return ()
        if version != self._read[0]:
            try:
                self._read = (version, parse_faults(self._path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError) as error:
                raise ProviderError("the rehearsal's fault file cannot be read", f"{self._path}: {error}") from error
        return self._read[1]
