"""A frontend on Vercel: deploy without domains, wait, promote, roll back. Each of them may be run again at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sesari.errors import Problem, SesariError
from sesari.model.frontend import BuildFile, Deployed, Deployment, FrontendBuild, Readiness, VercelProject
from sesari.model.json import JsonObject
from sesari.release.vercel import (
    Step,
    deployment_body,
    missing_files,
    next_turn,
    read_deployment,
    read_project,
    same_deployment,
)

_TOGETHER = 8
_ROUNDS = 5
# What finds a deployment again, in its meta.
BUILD = "sesariBuild"
RELEASE = "sesariRelease"


class VercelApi(Protocol):
    """See `drivers.vercel`."""

    @property
    def scheme(self) -> str: ...

    def project(self, name: str) -> JsonObject: ...

    def deployments(self, project: str, meta: Mapping[str, str]) -> JsonObject: ...

    def deployment(self, id: str) -> JsonObject: ...

    def create(self, body: JsonObject) -> JsonObject | None: ...

    def upload(self, sha1: str, body: bytes) -> None: ...

    def promote(self, project: str, deployment: str) -> None: ...

    def roll_back(self, project: str, deployment: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for a deployment to be ready, for the domains to move; and between two looks."""

    elapsed: Callable[[], float]
    sleep: Callable[[float], None]
    ready: float = 300.0
    moved: float = 180.0
    between: float = 0.5


@dataclass(frozen=True, slots=True)
class Target:
    """One environment's project for one service."""

    api: VercelApi
    project: str
    patience: Patience


def current(target: Target) -> VercelProject:
    """What the project's domains show, and its last promotion. Raises SesariError."""
    return read_project(target.api.project(target.project), target.api.scheme)


def deploy(
    target: Target, build: FrontendBuild, release: str, commit: str, variables: Mapping[str, str] | None = None
) -> Deployed:
    """Put the build on Vercel without giving it a domain, unless this release's is there already. It may not be ready.

    `release` is the release's digest; `variables` are the deployment's own at run time, beside the project's. Raises
    SesariError.
    """
    meta = {BUILD: build.digest, RELEASE: release}
    project = current(target)
    body = deployment_body(project.name, build.files, meta, commit, variables or {})
    by_content = {file.sha1: file for file in build.files}
    sent: dict[str, int] = {}
    for attempt in range(_ROUNDS):
        there = same_deployment(target.api.deployments(project.id, meta), meta, target.api.scheme)
        if there is not None:
            return Deployed(there, len(sent), len(by_content), sum(sent.values()), found=attempt == 0)
        answer = target.api.create(body)
        if answer is None:  # nobody knows whether it was made: look again, then ask again
            target.patience.sleep(target.patience.between)
            continue
        missing = missing_files(answer)
        if not missing:
            made = read_deployment(answer, target.api.scheme)
            return Deployed(made, len(sent), len(by_content), sum(sent.values()))
        sent |= _upload(target.api, build, [_known(by_content, sha) for sha in missing])
    hint = "Run the command again: what was uploaded is not sent again"
    what = "Vercel did not take the deployment"
    raise SesariError(Problem("vercel-not-deployed", what, target.project, f"{_ROUNDS} tries ended open", hint))


def wait_ready(target: Target, id: str) -> Deployment:
    """Until the deployment serves at its own address. Raises SesariError when its build failed or time ran out."""
    end = target.patience.elapsed() + target.patience.ready
    while True:
        seen = read_deployment(target.api.deployment(id), target.api.scheme)
        if seen.readiness is Readiness.READY:
            return seen
        if seen.readiness is Readiness.FAILED:
            hint = "The domains still show what they showed; correct the cause and deploy again"
            raise SesariError(Problem("vercel-build-failed", f"Vercel could not make {id} ready", None, seen.why, hint))
        if target.patience.elapsed() >= end:
            why = f"it is {seen.why} after {target.patience.ready:.0f} s"
            hint = "Run the command again: it waits for the same deployment"
            raise SesariError(Problem("vercel-not-ready", f"{id} is not ready", seen.url, why, hint))
        target.patience.sleep(target.patience.between)


def promote(target: Target, id: str) -> VercelProject:
    """Let the domains show the deployment; nothing is asked where they do already. Raises SesariError."""
    return _move(target, id, target.api.promote)


def roll_back(target: Target, id: str) -> VercelProject:
    """Let the domains show a deployment again that they showed before. Raises SesariError."""
    return _move(target, id, target.api.roll_back)


def _move(target: Target, id: str, ask: Callable[[str, str], None]) -> VercelProject:
    end = target.patience.elapsed() + target.patience.moved
    asked_after: int | None = None
    while True:
        seen = current(target)
        turn = next_turn(seen, id, asked_after)
        if turn.step is Step.DONE:
            return seen
        if turn.step is Step.GIVE_UP:
            raise _not_moved(target, id, turn.why, seen)
        if target.patience.elapsed() >= end:
            raise _not_moved(target, id, turn.why or "time ran out", seen)
        if turn.step is Step.ASK:
            asked_after = seen.request.requested if seen.request else 0
            ask(seen.id, id)
        else:
            target.patience.sleep(target.patience.between)


def _not_moved(target: Target, id: str, why: str, seen: VercelProject) -> SesariError:
    what = f"The domains of {target.project} did not move to {id}"
    hint = "`sesari status` shows what is where; run the command again, or `sesari rollback`"
    return SesariError(Problem("vercel-not-promoted", what, seen.production or "nothing is shown", why, hint))


def _known(files: Mapping[str, BuildFile], sha: str) -> BuildFile:
    if sha not in files:
        raise SesariError(Problem("vercel-answer", "Vercel asked for a file that is not in the build", why=sha))
    return files[sha]


def _upload(api: VercelApi, build: FrontendBuild, files: Sequence[BuildFile]) -> dict[str, int]:
    """Send contents side by side; their sizes by SHA-1."""

    def one(file: BuildFile) -> tuple[str, int]:
        path = Path(build.folder) / file.path
        body = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        api.upload(file.sha1, body)
        return file.sha1, len(body)

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return dict(pool.map(one, files))
