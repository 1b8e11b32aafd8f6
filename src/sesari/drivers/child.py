"""A child process that neither outlives us unasked nor dies of our death before its work is saved.

Its stdout and stderr are anonymous files in memory, not pipes: a Terraform whose reader is gone would be killed by
SIGPIPE at its next line, before it saved its state. It lives in its own process group, and when we die the kernel
sends it SIGINT, which Terraform takes as the request to stop gracefully.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_POLL = 0.05
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """Start it and call `wait` in one thread: the death signal is sent when the starting *thread* ends."""

    def __init__(
        self, argv: Sequence[str], folder: Path, environment: Mapping[str, str], files: Sequence[int] = ()
    ) -> None:
        self._output = anonymous_file("output")
        self._errors = anonymous_file("errors")
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._errors,
                pass_fds=tuple(files),
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid()),
            )
        except OSError:
            self._close()
            raise

    def wait(self, on_line: Callable[[bytes], None]) -> tuple[int, bytes]:
        """Give each line of stdout as it comes; then the exit code (negative: the signal) and all of stderr."""
        rest, offset = b"", 0
        try:
            ended = False
            while not ended:
                ended = self._ended()
                chunk = os.pread(self._output, 1 << 20, offset)
                while chunk:
                    offset += len(chunk)
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        on_line(line)
                    chunk = os.pread(self._output, 1 << 20, offset)
            if rest:
                on_line(rest)
            return self._process.wait(), _whole(self._errors)
        finally:
            self._finish()

    def interrupt(self) -> None:
        """SIGINT to the child alone: it stops its own children as it sees fit."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to its whole process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ended(self) -> bool:
        if not hasattr(os, "pidfd_open"):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL)
            return self._process.poll() is not None
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self._process.pid)
            try:
                select.select([descriptor], [], [], _POLL)
            finally:
                os.close(descriptor)
        return self._process.poll() is not None

    def _finish(self) -> None:
        if self._process.poll() is None:
            self.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._output, self._errors):
            os.close(descriptor)


def anonymous_file(name: str) -> int:
    """A file descriptor without a name on any disk where the system has them, else an unlinked temporary file."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(f"sesari-{name}")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _whole(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _dies_with(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        # A shell's background job starts with SIGINT ignored, and the child would inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
