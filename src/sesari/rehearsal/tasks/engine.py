"""What the emulator's ECS takes for a Docker client: containers that are processes of this machine."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from sesari.rehearsal.serving import LOOPBACK, listen
from sesari.rehearsal.tasks.balancer import Balancer, Target
from sesari.rehearsal.tasks.health import Check
from sesari.rehearsal.tasks.images import ImageShelf, Unpacked
from sesari.rehearsal.tasks.process import Spawner, TaskProcess
from sesari.rehearsal.tasks.roles import Clients, StartRefused, assume, read_secrets
from sesari.release.image import beside

_STOP_SECONDS: Final = 30.0  # ECS's own default of stopTimeout
_DRAIN_SECONDS: Final = 30.0
_LONGEST_PAUSE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """What one container is started with. `groups` are the target groups it goes behind, with their checks."""

    account: str
    region: str
    task: str
    definition: Mapping[str, Any]
    container: Mapping[str, Any]
    image: str
    variables: Mapping[str, str]
    groups: tuple[tuple[str, Check], ...]

    @property
    def family(self) -> str:
        return f"{self.account}/{self.definition['family']}"

    @property
    def stop_seconds(self) -> float:
        return float(self.container.get("stopTimeout") or _STOP_SECONDS)


@dataclass
class Containers:
    """Docker-py's `client.containers`, as far as ECS uses it."""

    shelf: ImageShelf
    spawner: Spawner
    balancer: Balancer
    clients: Clients
    endpoint: str
    folder: Path
    order_of: Callable[[str, dict[str, Any]], Order]
    on_ended: Callable[[str, int], None]
    closed: bool = False
    failures: dict[str, int] = field(default_factory=dict)
    running: dict[str, Container] = field(default_factory=dict)

    def run(self, image: str, **wanted: Any) -> Container:
        """Start a task's container. Raises StartRefused; its subclass PullFailed when it is the image's fault."""
        order = self.order_of(image, wanted)
        self._pause(order.family)
        if self.closed:
            raise StartRefused("the offline cloud stops")
        session = order.task.rsplit("/", 1)[-1]
        starter = assume(str(order.definition.get("executionRoleArn")), order.account, order.region, session)
        unpacked = self.shelf.pull(image, self.clients.client("ecr", starter, order.region))
        entries = order.container.get("secrets") or []
        reader = self.clients.client("secretsmanager", starter, order.region) if entries else None
        secrets = read_secrets(reader, entries) if entries else {}
        runs_as = self._task_role(order, session)
        port = _free_port() if order.container.get("portMappings") else None
        variables = {**order.variables, **secrets, **runs_as, **self._place(order, port)}
        process = self._start(order, unpacked, variables, self.folder / "logs" / f"{session}.log")
        targets = [self.balancer.add(group, port, check) for group, check in order.groups if port is not None]
        container = Container(self, order, process, unpacked, tuple(targets))
        self.running[container.id] = container
        return container

    def get(self, name: str) -> Container:
        """By id. While the cloud stops nothing is told, so that no ending looks like a failure."""
        if self.closed:
            raise LookupError("the offline cloud stops")
        return self.running[name]

    def close(self, seconds: float = 3.0) -> None:
        """End every task: asked first, all at once."""
        self.closed = True
        held = list(self.running.values())
        for one in held:
            one.ask()
        deadline = time.monotonic() + seconds
        while any(one.process.exit_code() is None for one in held) and time.monotonic() < deadline:
            time.sleep(0.05)
        for one in held:
            one.process.kill()

    def _start(self, order: Order, unpacked: Unpacked, variables: Mapping[str, str], log: Path) -> TaskProcess:
        root = str(unpacked.folder)
        process = beside(unpacked.process, root, f"{self.folder / 'bin'}:{os.environ.get('PATH', os.defpath)}")
        stated = (*(order.container.get("entryPoint") or ()), *(order.container.get("command") or ()))
        arguments = stated or process.arguments
        if not arguments:
            raise StartRefused("no command specified")
        folder = Path(process.folder)
        if not folder.is_dir():
            raise StartRefused(f"the image has no folder {unpacked.process.folder}")
        own = {"HOME": root, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
        return self.spawner.start(arguments, {**own, **process.variables, **variables}, folder, log)

    def _task_role(self, order: Order, session: str) -> dict[str, str]:
        role = order.definition.get("taskRoleArn")
        return dict(assume(str(role), order.account, order.region, session).variables) if role else {}

    def _place(self, order: Order, port: int | None) -> dict[str, str]:
        """Where the task finds AWS and, as tasks share one loopback, where it listens: not on the declared port."""
        listening = {"HOST": LOOPBACK, "PORT": str(port)} if port is not None else {}
        region = {"AWS_REGION": order.region, "AWS_DEFAULT_REGION": order.region}
        return {**region, "AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **listening}

    def _pause(self, family: str) -> None:
        """ECS starts a service that keeps failing ever more slowly."""
        failed = self.failures.get(family, 0)
        if failed:
            time.sleep(min(0.25 * 2 ** (failed - 1), _LONGEST_PAUSE))


class Container:
    """One started container: what ECS reads of docker-py's, and how it ends."""

    def __init__(
        self,
        containers: Containers,
        order: Order,
        process: TaskProcess,
        unpacked: Unpacked,
        targets: tuple[Target, ...],
    ) -> None:
        self.id = uuid.uuid4().hex
        self.order = order
        self.process = process
        self.targets = targets
        self.attrs = {"NetworkSettings": {"Networks": {"loopback": {"IPAddress": LOOPBACK}}}}
        self._containers = containers
        self._signal = signal.Signals[unpacked.process.stop_signal]
        self._ending = threading.Event()
        self._ended = threading.Event()

    @property
    def status(self) -> str:
        return "running" if self.process.exit_code() is None else "exited"

    def reload(self) -> None:
        """Nothing is cached."""

    def wait(self) -> dict[str, int]:
        return {"StatusCode": self.process.kill()}

    def stop(self, timeout: int) -> None:
        """Drain, ask, wait for the definition's stopTimeout, kill; in the background. `timeout` is not ECS's."""
        if not self._ending.is_set():
            self._ending.set()
            threading.Thread(target=self._end, daemon=True, name=f"sesari-stop-{self.id[:8]}").start()

    def remove(self, **how: object) -> None:
        """It is removed when it has ended."""

    def ask(self) -> None:
        """The stop signal, at once."""
        if self.process.exit_code() is None:
            os.kill(self.process.pid, self._signal)

    def logs(self, **how: object) -> Iterator[bytes]:
        """Whole lines as they come, until the process has ended and everything was told."""
        with self.process.log.open("rb") as file:
            rest = b""
            while True:
                over = self.process.exit_code() is not None
                rest += file.read()
                lines, newline, rest = rest.rpartition(b"\n")
                if newline:
                    yield lines
                if over:
                    break
                time.sleep(0.1)
            if rest:
                yield rest

    def _end(self) -> None:
        crashed = self.process.exit_code() is not None
        if crashed:
            family = self.order.family
            self._containers.failures[family] = self._containers.failures.get(family, 0) + 1
        for target in self.targets:
            self._containers.balancer.drain(target, 0.0 if crashed else _DRAIN_SECONDS)
        code = self.process.stop(self._signal, self.order.stop_seconds)
        self._containers.running.pop(self.id, None)
        self._containers.on_ended(self.order.task, code)
        self._ended.set()


class Images:
    """Docker-py's `client.images`: a pull is part of `run`, where the role is known; nothing is cached by tag."""

    def pull(self, image: str, **how: object) -> str:
        return image

    def get(self, image: str) -> None:
        raise LookupError(image)

    def get_registry_data(self, image: str, **how: object) -> None:
        raise LookupError(f"{image} is no digest")


class Runner(Protocol):
    """Who starts containers and finds them again."""

    def run(self, image: str, **wanted: Any) -> Container: ...

    def get(self, name: str) -> Container: ...


@dataclass(frozen=True, slots=True)
class DockerShaped:
    """Docker-py's client."""

    containers: Runner
    images: Images


def machine_languages(folder: Path) -> None:
    """Put this machine's own Python, without our environment around it, where tasks look for `python`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = Path(sys.executable).resolve()
    for name in ("python", "python3"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(own)


def _free_port() -> int:
    with listen(0) as listener:
        port: int = listener.getsockname()[1]
        return port
