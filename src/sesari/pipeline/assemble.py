"""A plain service's image without a builder: what the Dockerfile says, done in Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sesari.errors import Problem, SesariError
from sesari.model.image import BaseImage, Blob, Descriptor, Entry, Image, Runtime, Source
from sesari.model.store import Conflict
from sesari.pipeline.build_tools import BuildTools
from sesari.release.context import placed
from sesari.release.dockerfile import Dependencies, Recipe, read_recipe
from sesari.release.image import compose, version_of
from sesari.release.layers import LAYER, layer
from sesari.release.packages_argv import checked_lock, npm_arguments, pip_arguments
from sesari.release.wheels import complete, pinned, wheel_entries

_FORMAT = 1
_LARGE_FILE = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Assembled:
    """The image, the base it names, and what a person has to know of it."""

    image: Image
    base: str
    own: tuple[Descriptor, ...]
    notes: tuple[str, ...]


def assemble(tools: BuildTools, sources: tuple[Source, ...], dockerfile: str, where: str) -> Assembled:
    """The image of the sources that the Dockerfile's text describes; kept in `tools.images`. Raises SesariError."""
    recipe = read_recipe(dockerfile, where)
    files = placed(recipe, sources, where)
    bodies = _bodies(tools, files, where)
    base = tools.bases(recipe.base) if tools.bases is not None else None
    runtime = _runtime(tools, recipe, base, where) if recipe.dependencies else None
    own: list[Descriptor] = []
    if recipe.dependencies and runtime:
        own.append(_dependencies(tools, recipe, recipe.dependencies, bodies, runtime, where))
    application = layer(_entry(path, source, bodies[path]) for path, source in files.items())
    tools.images.put(application)
    own.append(application.descriptor)
    image, config = compose(recipe, own, base, runtime)
    tools.images.put(config)
    tools.images.put_manifest(image.manifest)
    return Assembled(image, recipe.base, tuple(own), _notes(recipe, base, runtime))


def _bodies(tools: BuildTools, files: Mapping[str, Source], where: str) -> dict[str, bytes]:
    by_blob = tools.tree.bodies(source.blob for source in files.values())
    bodies = {path: by_blob[source.blob] for path, source in files.items()}
    problems = [
        Problem(
            "large-file-absent",
            f"`{files[path].path}` is kept with git-lfs: the commit holds only a pointer to it",
            where,
            hint="Build with an image builder in a clone that has the file, or keep it in the repository",
        )
        for path, body in bodies.items()
        if body.startswith(_LARGE_FILE)
    ]
    if problems:
        raise SesariError(problems)
    return bodies


def _entry(path: str, source: Source, body: bytes) -> Entry:
    return Entry(path, "link" if source.mode == "120000" else "file", body, source.mode == "100755")


def _runtime(tools: BuildTools, recipe: Recipe, base: BaseImage | None, where: str) -> Runtime:
    language = recipe.dependencies.language if recipe.dependencies else "python"
    if base is None:
        return Runtime(language, tools.wheels.version if language == "python" else tools.modules.version(), True)
    version = version_of(language, recipe.base, base.config)
    if version is None:
        hint = f"Use a base image `{language}:VERSION`, or one that sets {language.upper()}_VERSION"
        what = f"It is not known which {language} `{recipe.base}` has"
        raise SesariError(Problem("base-unfit", what, where, hint=hint))
    return Runtime(language, version, False)


def _dependencies(
    tools: BuildTools,
    recipe: Recipe,
    wanted: Dependencies,
    bodies: Mapping[str, bytes],
    runtime: Runtime,
    where: str,
) -> Descriptor:
    """The layer of the dependencies, from an earlier build when the same were fetched for the same language."""
    path = wanted.file.lstrip("/")
    if path not in bodies:
        hint = "COPY it before the RUN that installs from it"
        raise SesariError(
            Problem("copy-finds-nothing", f"`{wanted.file}` is not copied into the image", where, hint=hint)
        )
    key = _key(
        [_FORMAT, wanted.language, _hash(bodies[path]), runtime.version, runtime.machine, "alpine" in recipe.base]
    )
    known = tools.records.get(f"layers/{key}.json")
    if known is not None:
        value = json.loads(known.body)
        if tools.images.has(value["digest"]):
            return Descriptor(LAYER, value["digest"], value["size"])
    made = _python(tools, recipe, wanted, bodies[path], runtime) if wanted.language == "python" else None
    made = made or _node(tools, bodies, path, where)
    tools.images.put(made)
    one = made.descriptor
    remember(tools, f"layers/{key}.json", {"digest": one.digest, "size": one.size})
    return one


def _python(tools: BuildTools, recipe: Recipe, wanted: Dependencies, body: bytes, runtime: Runtime) -> Blob:
    names = pinned(body.decode("utf-8", "replace"), wanted.file)

    def arguments(requirements: str, folder: str) -> tuple[str, ...]:
        return pip_arguments(runtime, recipe.base, requirements, folder, wanted.alone)

    wheels = tools.wheels.fetch(body, arguments)
    complete(names, wheels, wanted.file)
    return layer(wheel_entries(wheels))


def _node(tools: BuildTools, bodies: Mapping[str, bytes], path: str, where: str) -> Blob:
    folder = path.removesuffix("package-lock.json")
    if f"{folder}package.json" not in bodies:
        raise SesariError(Problem("copy-finds-nothing", "`package.json` is not copied into the image", where))
    checked_lock(bodies[path].decode("utf-8", "replace"), path)
    entries = tools.modules.fetch(bodies[f"{folder}package.json"], bodies[path], npm_arguments)
    return layer(Entry(f"{folder}{one.path}", one.kind, one.body, one.executable) for one in entries)


def _notes(recipe: Recipe, base: BaseImage | None, runtime: Runtime | None) -> tuple[str, ...]:
    if base is None:
        runs = f"{runtime.language} {runtime.version}" if runtime else "programs"
        return (f"without its base `{recipe.base}`: runs on this machine's {runs}, in a rehearsal only",)
    if "@" not in recipe.base:
        return (f"its base is named by a tag: write `FROM {recipe.base}@{base.digest}` to build the same later",)
    return ()


def remember(tools: BuildTools, key: str, value: Mapping[str, object]) -> None:
    """Write a record of what was made from what; an earlier one is replaced."""
    body = json.dumps(value, sort_keys=True).encode()
    before = tools.records.get(key)
    try:
        if before is None:
            tools.records.create(key, body)
        elif before.body != body:
            tools.records.replace(key, body, before.version)
    except Conflict:
        return  # another process built the same at the same time, and its record is as good


def _key(parts: list[object]) -> str:
    return _hash(json.dumps(parts, separators=(",", ":")).encode())


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
