"""Build a commit's frontend once per set of public variables; the same inputs give what was built before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sesari.errors import Problem, SesariError
from sesari.model.frontend import BuildFile, FrontendBuild
from sesari.model.image import Entry
from sesari.model.manifest import Service
from sesari.model.progress import Phase, Progress, Reporter
from sesari.model.store import Conflict, Store
from sesari.pipeline.build_tools import Tree
from sesari.release.vercel import build_digest, public_variables, variables_digest

# The builder is Vercel's own; another version may build differently, so it is part of what a build is known by.
VERCEL_CLI: Final = "60.0.1"
_FORMAT: Final = 1


class Frontends(Protocol):
    """Builds, and keeps what was built. See `drivers.frontend_builder`."""

    def node(self) -> str:
        """The major version of the Node that builds. Raises SesariError `node-missing`."""

    def build(
        self, key: str, entries: Sequence[Entry], variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> str:
        """Build the app, `alone` with its key; the name under which `adopt` finds it. Raises SesariError."""

    def files(self, name: str) -> tuple[BuildFile, ...]:
        """What `vercel deploy --prebuilt` would send of it. Raises SesariError."""

    def adopt(self, name: str, digest: str) -> None:
        """Keep exactly its files under the digest, privately; the rest of the build goes."""

    def folder(self, digest: str) -> str:
        """Where it is kept, or would be."""

    def kept(self, digest: str) -> tuple[BuildFile, ...] | None:
        """The files kept under a digest, None when there are none."""

    def alone(self, key: str) -> AbstractContextManager[object]:
        """Only one process builds a key at a time."""


@dataclass(frozen=True, slots=True)
class FrontendTools:
    """`records` remembers what was built from what. `seconds` is a clock that only grows."""

    tree: Tree
    frontends: Frontends
    records: Store
    report: Reporter
    seconds: Callable[[], float]


def build_frontend(tools: FrontendTools, service: Service, commit: str) -> FrontendBuild:
    """The service's build at a commit (its full hash), for its public variables. Raises SesariError."""
    begun = tools.seconds()
    variables = public_variables(service)
    key = f"frontends/{_key(tools, service, commit, variables)}.json"
    with tools.frontends.alone(key):
        known = _remembered(tools, service, key, variables)
        if known is None:
            tools.report(Progress(service.name, "frontend", Phase.RUNNING, "building"))
            known = _made(tools, service, commit, key, variables)
    done = replace(known, seconds=tools.seconds() - begun)
    detail = "unchanged" if done.cached else done.digest[:19]
    tools.report(Progress(service.name, "frontend", Phase.SUCCEEDED, detail, seconds=done.seconds))
    return done


def kept_build(tools: FrontendTools, service: Service, digest: str) -> FrontendBuild:
    """A build by its digest, as a release names it. Raises SesariError `build-absent`: it is never built again."""
    files = tools.frontends.kept(digest)
    if files is None:
        why = "a release is promoted as it was built, and this machine does not have the build"
        hint = "Deploy from where it was built, or make a new release of the commit"
        raise SesariError(Problem("build-absent", f"The build of `{service.name}` is not here", digest, why, hint))
    if build_digest(files) != digest:
        hint = "Remove the folder and build again"
        raise SesariError(Problem("build-damaged", "A build is not what its digest says", digest, hint=hint))
    name = variables_digest(public_variables(service))
    return FrontendBuild(service.name, name, digest, tools.frontends.folder(digest), files, cached=True)


def _made(tools: FrontendTools, service: Service, commit: str, key: str, variables: Mapping[str, str]) -> FrontendBuild:
    def told(line: str) -> None:
        tools.report(Progress(service.name, "frontend", Phase.RUNNING, line))

    name = tools.frontends.build(key, _entries(tools, service, commit), variables, told)
    files = tools.frontends.files(name)
    digest = build_digest(files)
    tools.frontends.adopt(name, digest)
    _remember(tools, key, digest)
    folder = tools.frontends.folder(digest)
    return FrontendBuild(service.name, variables_digest(variables), digest, folder, files)


def _entries(tools: FrontendTools, service: Service, commit: str) -> list[Entry]:
    sources = tools.tree.sources(commit, service.path)
    names = {source.path for source in sources}
    for needed in ("package.json", "package-lock.json"):
        if needed not in names:
            hint = "Run `npm install` and commit the file"
            why = "what is built has to be the same tomorrow"
            where = f"{service.path}/{needed}"
            raise SesariError(Problem("frontend-incomplete", f"`{service.name}` has no {needed}", where, why, hint))
    bodies = tools.tree.bodies(source.blob for source in sources)
    return [
        Entry(
            source.path,
            "link" if source.mode == "120000" else "file",
            bodies[source.blob],
            source.mode == "100755",
        )
        for source in sources
    ]


def _key(tools: FrontendTools, service: Service, commit: str, variables: Mapping[str, str]) -> str:
    """Of everything that the build depends on; git's own id stands for the files."""
    tree = tools.tree.tree_id(commit, service.path)
    parts = [_FORMAT, tree, variables_digest(variables), VERCEL_CLI, tools.frontends.node()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _remembered(tools: FrontendTools, service: Service, key: str, variables: Mapping[str, str]) -> FrontendBuild | None:
    record = tools.records.get(key)
    if record is None:
        return None
    digest = str(json.loads(record.body)["digest"])
    files = tools.frontends.kept(digest)
    if files is None or build_digest(files) != digest:
        return None
    folder = tools.frontends.folder(digest)
    return FrontendBuild(service.name, variables_digest(variables), digest, folder, files, cached=True)


def _remember(tools: FrontendTools, key: str, digest: str) -> None:
    body = json.dumps({"digest": digest}).encode()
    try:
        tools.records.create(key, body)
    except Conflict:
        held = tools.records.get(key)
        if held is not None:
            tools.records.replace(key, body, held.version)
