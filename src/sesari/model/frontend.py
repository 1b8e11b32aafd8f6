"""A web app's build and its deployments on Vercel, as a release handles them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class BuildFile:
    """One file of a build. `path` is relative and `/`-separated; `mode` is the whole `st_mode`, kind included.

    A link's content is its target. Vercel names contents by SHA-1, our digests are over SHA-256.
    """

    path: str
    mode: int
    size: int
    sha1: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FrontendBuild:
    """A build of one service for one set of public variables; both digests are `sha256:<hex>`.

    `folder` holds exactly `files`. It can hold keys (Next.js seals previews and actions with them), so it is private
    and never printed. `cached`: nothing was built.
    """

    service: str
    variables: str
    digest: str
    folder: str
    files: tuple[BuildFile, ...] = field(repr=False)
    cached: bool = False
    seconds: float = 0.0

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class VercelProject:
    """A project as Vercel's API answered. `production`: the deployment that its domains show, None for none yet.

    `hosts` are those domains, `url` the first of them, complete; None while nothing is shown.
    """

    id: str
    name: str
    production: str | None
    request: AliasRequest | None
    hosts: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class AliasRequest:
    """The project's last promotion or rollback. `status`: pending, in-progress, succeeded, failed, skipped.

    `requested` is the API's own time of the request, in milliseconds: it tells one request from another.
    """

    deployment: str
    status: str
    requested: int
    kind: str

    @property
    def moving(self) -> bool:
        return self.status in ("pending", "in-progress")


class Readiness(Enum):
    """What became of a deployment so far."""

    COMING = "coming"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One immutable deployment. `url` is its own address, complete; `why` is Vercel's reason where it failed."""

    id: str
    url: str
    readiness: Readiness
    why: str = ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deploy did: `sent` files of `total` were uploaded, `bytes` in all; `found`: it was there already."""

    deployment: Deployment
    sent: int
    total: int
    bytes: int
    found: bool = False
