"""Build a commit's images: from the commit, never from the work tree; what is unchanged is not built again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from sesari.errors import Problem, Refused, SesariError
from sesari.model.image import BuiltImage, Entry, ImageMethod, Source
from sesari.model.manifest import Service
from sesari.model.progress import Phase, Progress
from sesari.pipeline.assemble import assemble, remember
from sesari.pipeline.build_tools import BuildTools
from sesari.release.builder_argv import PLATFORM
from sesari.release.context import sent
from sesari.release.dockerfile import base_of

_FORMAT = 1
_DOCKERFILE = "Dockerfile"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Built:
    """A commit's full hash and its services' images, in the order in which they were asked for."""

    commit: str
    images: tuple[BuiltImage, ...]

    @property
    def digests(self) -> dict[str, str]:
        """As a Release holds them."""
        return {image.service: image.digest for image in self.images}


def build(tools: BuildTools, services: Sequence[Service], commit: str | None = None) -> Built:
    """Build every service that runs from an image. Without `commit` it is HEAD, and nothing may be uncommitted.

    Raises SesariError with every service's problems, Refused for a dirty tree.
    """
    full = tools.tree.commit(commit or "HEAD")
    if commit is None:
        _refuse_dirty(tools)
    images: list[BuiltImage] = []
    problems: list[Problem] = []
    for service in services:
        if service.target != "ecs":
            continue
        try:
            images.append(build_service(tools, service, full))
        except SesariError as error:
            tools.stop.check()  # a builder that was told to stop has not failed
            tools.report(Progress(service.name, "image", Phase.ERRORED, error.problems[0].what))
            problems.extend(error.problems)
    if problems:
        raise SesariError(problems)
    return Built(full, tuple(images))


def build_service(tools: BuildTools, service: Service, commit: str) -> BuiltImage:
    """One service's image at a commit (its full hash). Raises SesariError."""
    tools.stop.check()
    begun = tools.seconds()
    key = f"images/{_key(tools, service, commit)}.json"
    known = _remembered(tools, key)
    if known is not None:
        image = replace(known, service=service.name, cached=True, seconds=tools.seconds() - begun)
        tools.report(Progress(service.name, "image", Phase.SUCCEEDED, "unchanged", seconds=image.seconds))
        return image
    tools.report(Progress(service.name, "image", Phase.RUNNING, "building"))
    made = replace(_made(tools, service, commit), seconds=tools.seconds() - begun)
    remember(tools, key, asdict(made))
    tools.report(Progress(service.name, "image", Phase.SUCCEEDED, made.digest[:19], seconds=made.seconds))
    return made


def _made(tools: BuildTools, service: Service, commit: str) -> BuiltImage:
    everything = tools.tree.sources(commit, service.path)
    where = f"{service.path}/{_DOCKERFILE}"
    named = {source.path: source for source in everything}
    if _DOCKERFILE not in named:
        hint = f"Write {where} and commit it"
        why = f"a service on ECS is built from it, and commit {commit[:7]} has none"
        raise SesariError(Problem("dockerfile-missing", f"`{service.name}` has no Dockerfile", where, why, hint))
    texts = _texts(tools, named, (_DOCKERFILE, ".dockerignore"))
    sources = sent(everything, texts.get(".dockerignore", ""))
    if tools.builder is not None:
        return _with_builder(tools, service, (*sources, named[_DOCKERFILE]), texts[_DOCKERFILE], where)
    made = assemble(tools, sources, texts[_DOCKERFILE], where)
    method: ImageMethod = "assembled without base" if tools.bases is None else "assembled"
    own = tuple(one.digest for one in made.own)
    size = sum(one.size for one in made.own)
    return BuiltImage(service.name, made.image.digest, method, made.base, own, size, False, 0.0, made.notes)


def _with_builder(
    tools: BuildTools, service: Service, sources: Iterable[Source], dockerfile: str, where: str
) -> BuiltImage:
    assert tools.builder is not None  # noqa: S101  (the caller looked)
    wanted = {source.path: source for source in sources}
    bodies = tools.tree.bodies(source.blob for source in wanted.values())
    entries = [_entry(source, bodies[source.blob]) for source in wanted.values()]
    name = f"sesari-build:{hashlib.sha256(service.path.encode()).hexdigest()[:16]}"

    def told(line: str) -> None:
        tools.report(Progress(service.name, "image", Phase.RUNNING, line))

    digest = tools.run_builder(tools.builder, name, entries, told)
    layers = json.loads(tools.images.read(digest))["layers"]
    base = base_of(dockerfile, where)
    notes = () if "@" in base or base == "scratch" else (f"its base `{base}` is named by a tag, which can move",)
    own = tuple(str(one["digest"]) for one in layers)  # a builder's layout holds the base's layers as well
    size = sum(int(one["size"]) for one in layers)
    return BuiltImage(service.name, digest, "builder", base, own, size, False, 0.0, notes)


def _entry(source: Source, body: bytes) -> Entry:
    return Entry(source.path, "link" if source.mode == "120000" else "file", body, source.mode == "100755")


def _texts(tools: BuildTools, named: dict[str, Source], wanted: Iterable[str]) -> dict[str, str]:
    found = {name: named[name].blob for name in wanted if name in named}
    bodies = tools.tree.bodies(found.values())
    return {name: bodies[blob].decode("utf-8", "replace") for name, blob in found.items()}


def _key(tools: BuildTools, service: Service, commit: str) -> str:
    """Of everything that the image depends on; git's own id stands for the files."""
    how = [tools.builder.name, tools.builder.version] if tools.builder else ["assembled", tools.bases is not None]
    machine = tools.wheels.version if tools.builder is None and tools.bases is None else None
    parts = [_FORMAT, tools.tree.tree_id(commit, service.path), how, machine, PLATFORM]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _remembered(tools: BuildTools, key: str) -> BuiltImage | None:
    """The image that was built before, if every part of it that was made here is still here."""
    record = tools.records.get(key)
    if record is None:
        return None
    value = json.loads(record.body)
    image = BuiltImage(**{**value, "own": tuple(value["own"]), "notes": tuple(value["notes"])})
    if not tools.images.has(image.digest):
        return None
    configuration = json.loads(tools.images.read(image.digest))["config"]["digest"]
    return image if all(tools.images.has(digest) for digest in (configuration, *image.own)) else None


def _refuse_dirty(tools: BuildTools) -> None:
    paths = tools.tree.dirty()
    if paths:
        shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
        hint = "Commit or remove them, or name the commit to release: `--commit HEAD` leaves them out"
        why = "a release is a commit, and these files would not be in it"
        raise Refused(Problem("tree-dirty", "There are changes that are not committed", shown, why, hint))
