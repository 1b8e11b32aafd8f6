"""What the stages work with in one environment. Only `wiring` knows which drivers these are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sesari.model.access import Reach
from sesari.model.engine import Engine
from sesari.model.identity import Identities
from sesari.model.manifest import Environment
from sesari.model.progress import Reporter
from sesari.model.store import Store
from sesari.pipeline.stop import Stop


class Clock(Protocol):
    def now(self) -> datetime:
        """For records, in UTC."""

    def elapsed(self) -> float:
        """Seconds that never go back."""


class Vault(Protocol):
    def seal(self, body: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt; the context is authenticated."""

    def open(self, sealed: bytes, context: Mapping[str, str]) -> bytes:
        """Decrypt. Raises SesariError `sealed-corrupt`."""


class Root(Protocol):
    """The folder of one Terraform root, and what is kept about it in `.sesari`."""

    @property
    def directory(self) -> Path:
        """Where the `.tf` files are."""

    @property
    def data(self) -> Path:
        """Its private TF_DATA_DIR."""

    def sources(self) -> Mapping[str, bytes]:
        """The root's files, its modules' and its lock file, by relative path."""

    def initialised(self, key: str) -> bool:
        """True when `terraform init` succeeded for exactly these inputs."""

    def mark_initialised(self, key: str) -> None:
        """Remember it."""

    def unsaved_state(self) -> Path | None:
        """A state that Terraform could not push (`errored.tfstate`), moved to a private place."""

    def discard_unsaved_state(self) -> None:
        """Called once it is pushed."""

    def note_created(self, address: str, id: str) -> None:
        """Remember durably that Terraform says that it has created this."""

    def created(self) -> Mapping[str, str]:
        """What was noted and not discarded: address to id."""

    def discard_created(self) -> None:
        """Called once the state is known to hold it."""


class Mark(Protocol):
    """Proof of life on this machine: a lock that the kernel frees when the holder and its Terraform are gone."""

    def claim(self, name: str) -> AbstractContextManager[int]:
        """Hold it under a name; the file descriptor is to be inherited by Terraform."""

    def is_dead(self, name: str) -> bool:
        """True when `name` held it on this machine and nobody does any more."""


class Scratch(Protocol):
    """A private file without a place on disk, which children can open by `path`."""

    @property
    def path(self) -> str:
        """As an argument for Terraform."""

    @property
    def descriptor(self) -> int:
        """To be inherited by the child."""

    def read(self) -> bytes:
        """All of it."""


@dataclass(frozen=True, slots=True)
class Tools:
    """`name` is the root below `infra/`: the environment's, or `bootstrap/<environment>`; lease and lock go by it.

    `where` is the state object for people: `bucket/key`. `scratch(body)` opens a private file that holds it.
    """

    name: str
    environment: Environment
    holder: str
    author: str
    state_key: str
    where: str
    reach: Reach
    engine: Engine
    root: Root
    mark: Mark
    state: Store
    delivery: Store
    vault: Vault
    clock: Clock
    identify: Callable[[], Identities]
    scratch: Callable[[bytes], AbstractContextManager[Scratch]]
    provider_lock: Callable[[], bool]
    report: Reporter
    stop: Stop
