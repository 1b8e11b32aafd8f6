"""A container image, what it is made of, and what it is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Language = Literal["python", "node"]
BuilderName = Literal["buildah", "podman", "docker"]
EntryKind = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder tree. `path` is relative, `/`-separated; `body` a file's bytes or a link's target."""

    path: str
    kind: EntryKind
    body: bytes = b""
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a commit: `blob` is git's own id of its content, `mode` git's mode (`100644`)."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob as OCI names it: media type, `sha256:<hex>`, size in bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes under their descriptor."""

    descriptor: Descriptor
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Image:
    """An image of which the manifest is known. `digest` is the manifest's; `layers` in order, the base's first.

    `base` is the full name of the image it builds on, None where the manifest does not tell.
    """

    manifest: Blob
    config: Descriptor
    layers: tuple[Descriptor, ...]
    base: str | None = None

    @property
    def digest(self) -> str:
        return self.manifest.descriptor.digest


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The image that `FROM` names, as its registry holds it. `config` is its decoded configuration."""

    digest: str
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """What compiled dependencies are chosen for: a language's version (`3.13`), and whether it is this machine's own.

    An image without its base runs on the machine's own language, so its dependencies are the machine's too.
    """

    language: Language
    version: str
    machine: bool


@dataclass(frozen=True, slots=True)
class Builder:
    """A program that builds images and was seen to answer. `version` as it tells it."""

    name: BuilderName
    program: str
    version: str


ImageMethod: TypeAlias = Literal["builder", "assembled", "assembled without base"]


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """One service's image. `notes` say what a person has to know: a base by tag, a base that is absent.

    `own` are the digests of its own layers, the base's not counted, `size` their bytes. `cached`: nothing was built.
    """

    service: str
    digest: str
    method: ImageMethod
    base: str
    own: tuple[str, ...]
    size: int
    cached: bool
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """A registry's `/v2/` API. `host` is its name in references, `url` where it answers: in a rehearsal, elsewhere."""

    host: str
    url: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push sent. `sent` and `present` count blobs, `mounted` those copied inside the registry; `bytes` sent."""

    reference: str
    digest: str
    sent: int = 0
    present: int = 0
    mounted: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Process:
    """How an image's main process is started. `folder` is absolute in the image; `user` as the image names it."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    folder: str
    user: str
    ports: tuple[int, ...]
    stop_signal: str
