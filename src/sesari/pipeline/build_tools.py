"""What building images needs from the world; the wiring joins it to the drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from sesari.model.image import BaseImage, Blob, Builder, Descriptor, Entry, Source
from sesari.model.progress import Reporter
from sesari.model.store import Store
from sesari.pipeline.stop import Stop


class Tree(Protocol):
    """A commit's files. See `drivers.git_tree`."""

    def commit(self, name: str) -> str: ...

    def dirty(self) -> tuple[str, ...]: ...

    def tree_id(self, commit: str, path: str) -> str: ...

    def sources(self, commit: str, path: str) -> tuple[Source, ...]: ...

    def bodies(self, blobs: Iterable[str]) -> dict[str, bytes]: ...


class Images(Protocol):
    """Images on this machine. See `drivers.oci`."""

    def put(self, blob: Blob) -> None: ...

    def put_manifest(self, blob: Blob) -> None: ...

    def has(self, digest: str) -> bool: ...

    def read(self, digest: str) -> bytes: ...


class Wheels(Protocol):
    """Python's dependencies. See `drivers.packages`."""

    @property
    def version(self) -> str: ...

    def fetch(self, requirements: bytes, arguments: Callable[[str, str], Sequence[str]]) -> dict[str, bytes]: ...


class Modules(Protocol):
    """Node's dependencies. See `drivers.packages`."""

    def version(self) -> str: ...

    def fetch(self, package: bytes, lock: bytes, arguments: Callable[[str], Sequence[str]]) -> tuple[Entry, ...]: ...


# Build the entries with the builder, telling each line; the digest of the image that the store then holds.
RunBuilder: TypeAlias = Callable[[Builder, str, Iterable[Entry], Callable[[str], None]], str]
# The image that FROM names, from its registry.
Bases: TypeAlias = Callable[[str], BaseImage]


@dataclass(frozen=True, slots=True)
class BuildTools:
    """`builder` is None when none works. `bases` is None where no registry is reached: images then lack their base.

    `records` remembers what was built from what. `seconds` is a clock that only grows. `stop`: may be asked to end.
    """

    tree: Tree
    images: Images
    records: Store
    wheels: Wheels
    modules: Modules
    builder: Builder | None
    run_builder: RunBuilder
    bases: Bases | None
    report: Reporter
    stop: Stop
    seconds: Callable[[], float]


class Target(Protocol):
    """A registry that is pushed to. See `drivers.registry`."""

    @property
    def host(self) -> str: ...

    def manifest_digest(self, repository: str, reference: str) -> str | None: ...

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> None: ...

    def has_blob(self, repository: str, digest: str) -> bool: ...

    def mount(self, repository: str, digest: str, origin: str) -> bool: ...

    def upload(self, repository: str, blob: Descriptor, source: Callable[[], Iterable[bytes]]) -> None: ...


class Origin(Protocol):
    """A registry that is copied from."""

    @property
    def host(self) -> str: ...

    def manifest(self, repository: str, reference: str) -> tuple[bytes, str] | None: ...

    def blob(self, repository: str, digest: str) -> bytes: ...

    def stream(self, repository: str, digest: str) -> Iterable[bytes]: ...


# Opens the registry of that name for reading; closed with the context.
OpenOrigin: TypeAlias = Callable[[str], AbstractContextManager[Origin]]
