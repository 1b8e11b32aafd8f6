"""One task's processes: started in a group of their own, told to stop, killed when they do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")


class Spawner:
    """Starts every process from one thread that lives as long as the cloud: the kernel ends a child with the *thread*
    that started it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sesari-spawn")

    def start(self, arguments: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path) -> TaskProcess:
        """Raises OSError when not even the launcher can be started."""
        return self._thread.submit(TaskProcess, arguments, variables, folder, log).result()

    def close(self) -> None:
        self._thread.shutdown(wait=False)


class TaskProcess:
    """A running task. Output of both kinds goes to `log`, which only the user can read."""

    def __init__(self, arguments: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_LAUNCH), str(os.getpid()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=folder,
                env=dict(variables),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """As a container runtime tells it: 128 and the number of the signal that ended it; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def stop(self, number: signal.Signals, seconds: float) -> int:
        """Signal the main process, wait, then kill the whole group; the exit code."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.kill()

    def kill(self) -> int:
        """End what is left of the group, as a container ends with its process 1; the exit code."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return self.exit_code() or 0
