"""One child process of the offline cloud: started, waited for, stopped."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject

READY_SECONDS = 20.0
STOP_SECONDS = 10.0


class Child:
    """A server of the cloud, in its own process group, with its standard input as lifeline.

    When this process goes, however it goes, the lifeline closes and the child stops in order.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,
                umask=0o077,
                env=_environment(),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def ready(self) -> JsonObject:
        """The JSON line it prints once it serves. Raises SesariError with the end of its log when it does not."""
        assert self._process.stdout is not None  # noqa: S101  (asked for above)
        deadline = time.monotonic() + READY_SECONDS
        received = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise self._failed(f"it was not ready within {READY_SECONDS:.0f} s")
                piece = os.read(self._process.stdout.fileno(), 65536)
                if not piece:
                    raise self._failed(f"it ended with code {self._process.wait()}")
                received += piece
        line: JsonObject = json.loads(received)
        return line

    def _failed(self, why: str) -> SesariError:
        tail = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return SesariError(
            Problem(
                "rehearsal-part-failed",
                f"The offline cloud's {self.name} did not start",
                where=str(self._log),
                why="; ".join([why, *tail]),
                hint="Look at its log; `pip install 'sesari[rehearse]'` brings everything it needs",
            )
        )

    def ask_to_stop(self) -> None:
        """Close the lifeline and say so; `wait` collects it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Collect it; killed with its whole group when it does not go in time."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _environment() -> dict[str, str]:
    """Ours without anything that names a real cloud: a rehearsal must not be able to reach one."""
    foreign = ("AWS_", "VERCEL_", "SUPABASE_", "SESARI_", "TF_", "MINISTACK_", "LOCALSTACK_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
