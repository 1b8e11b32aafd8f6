"""PURE: an image's configuration and manifest from its layers and its base, and how its process is started."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sesari.errors import Problem, SesariError
from sesari.model.image import BaseImage, Blob, Descriptor, Image, Language, Process, Runtime
from sesari.model.json import JsonObject
from sesari.release.dockerfile import Recipe
from sesari.release.layers import blob
from sesari.release.wheels import SITE

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
BASE_NAME: Final = "org.opencontainers.image.base.name"
BASE_DIGEST: Final = "org.opencontainers.image.base.digest"
RUNS_ON: Final = "com.sesari.image.runs-on"
_EPOCH: Final = "1970-01-01T00:00:00Z"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The variables that name folders of the image; a process that is started beside its image needs them moved.
_PATHS: Final = ("PATH", "PYTHONPATH", "NODE_PATH")


def compose(
    recipe: Recipe, own: Sequence[Descriptor], base: BaseImage | None, runtime: Runtime | None
) -> tuple[Image, Blob]:
    """The image and its configuration. Nothing in it tells a time, a place or a commit. `own` are its own layers.

    Without `base` its manifest names the base that it needs and what it runs on instead.
    """
    inherited: Mapping[str, Any] = base.config if base else {}
    config = blob(_canonical(_configuration(recipe, own, inherited, runtime)), CONFIG)
    descriptors = (*(base.layers if base else ()), *own)
    annotations = {BASE_NAME: full_name(recipe.base)}
    if base:
        annotations[BASE_DIGEST] = base.digest
    else:
        annotations[RUNS_ON] = f"{runtime.language} {runtime.version} of the machine" if runtime else "the machine"
    manifest = blob(_canonical(_manifest(config.descriptor, descriptors, annotations)), MANIFEST)
    return Image(manifest, config.descriptor, descriptors, annotations[BASE_NAME]), config


def read_image(manifest: Blob) -> Image:
    """An image from its manifest's bytes. Raises SesariError `image-damaged`."""
    try:
        value = json.loads(manifest.body)
        layers = tuple(_descriptor(one) for one in value["layers"])
        base = (value.get("annotations") or {}).get(BASE_NAME)
        return Image(manifest, _descriptor(value["config"]), layers, base)
    except (KeyError, TypeError, ValueError) as error:
        digest = manifest.descriptor.digest
        raise SesariError(Problem("image-damaged", "An image's manifest cannot be read", digest, str(error))) from error


def read_base(manifest: bytes, digest: str, config: bytes) -> BaseImage:
    """A base from its registry's answers, the configuration held to its digest. Raises SesariError `base-damaged`."""
    try:
        value = json.loads(manifest)
        if blob(config, CONFIG).descriptor.digest != value["config"]["digest"]:
            raise ValueError("its configuration is not what its digest says")
        layers = tuple(_of_oci(_descriptor(one)) for one in value["layers"])
        return BaseImage(digest, json.loads(config), layers)
    except (KeyError, TypeError, ValueError) as error:
        raise SesariError(Problem("base-damaged", "The base image cannot be read", digest, str(error))) from error


def process_of(config: bytes) -> Process:
    """How the image's main process is started, from its configuration."""
    value = json.loads(config).get("config") or {}
    return Process(
        arguments=(*(value.get("Entrypoint") or ()), *(value.get("Cmd") or ())),
        variables=dict(entry.split("=", 1) for entry in value.get("Env") or ()),
        folder=value.get("WorkingDir") or "/",
        user=value.get("User") or "0",
        ports=tuple(sorted(int(port.split("/")[0]) for port in value.get("ExposedPorts") or {})),
        stop_signal=value.get("StopSignal") or "SIGTERM",
    )


def beside(process: Process, root: str, machine_path: str) -> Process:
    """The process as it is started on a machine where the image is unpacked at `root`, without its base.

    Its folder and its search paths are the unpacked ones; what the base would have given (Python, Node) is looked for
    on the machine's own PATH afterwards.
    """

    def moved(value: str) -> str:
        return ":".join(f"{root.rstrip('/')}{one}" if one.startswith("/") else one for one in value.split(":"))

    variables = {name: moved(value) if name in _PATHS else value for name, value in process.variables.items()}
    variables["PATH"] = ":".join(part for part in (variables.get("PATH", ""), machine_path) if part)
    return Process(
        process.arguments,
        variables,
        f"{root.rstrip('/')}{process.folder}",
        process.user,
        process.ports,
        process.stop_signal,
    )


def full_name(reference: str) -> str:
    """As registries know it: `python:3.13` is `docker.io/library/python:3.13`."""
    name, at, digest = reference.partition("@")
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    if not at and ":" not in name.rsplit("/", 1)[-1]:
        name = f"{name}:latest"
    return f"{name}{at}{digest}"


def parts_of(reference: str) -> tuple[str, str, str]:
    """Host, repository, and the digest, else the tag, of a reference."""
    name, _, digest = full_name(reference).partition("@")
    host, _, rest = name.partition("/")
    repository, colon, tag = rest.rpartition(":")
    return (host, repository, digest or tag) if colon else (host, rest, digest)


def platform_manifest(body: bytes, where: str) -> str | None:
    """The digest of the linux/amd64 image in an index; None when `body` is an image itself. Raises SesariError."""
    entries = json.loads(body).get("manifests")
    if entries is None:
        return None
    for one in entries:
        platform = one.get("platform") or {}
        if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return str(one["digest"])
    hint = "Name a base image that has linux/amd64"
    raise SesariError(Problem("base-unfit", "The base image is not for linux/amd64", where, hint=hint))


def version_of(language: Language, base: str, config: Mapping[str, Any]) -> str | None:
    """The language's version in a base: as its environment says (`PYTHON_VERSION`), else as its tag does."""
    stated = dict(entry.split("=", 1) for entry in (config.get("config") or {}).get("Env") or ())
    text = stated.get(f"{language.upper()}_VERSION", "")
    if not text and re.search(rf"(^|/){language}:", base):
        text = base.split("@")[0].rsplit(":", 1)[1]
    found = re.match(r"\d+\.\d+" if language == "python" else r"\d+", text)
    return found[0] if found else None


def _configuration(
    recipe: Recipe, own: Sequence[Descriptor], inherited: Mapping[str, Any], runtime: Runtime | None
) -> JsonObject:
    before: Mapping[str, Any] = inherited.get("config") or {}
    settings: dict[str, Any] = {
        "Env": [f"{name}={value}" for name, value in sorted(_environment(recipe, before, runtime).items())],
        "WorkingDir": recipe.folder,
        "User": recipe.user if recipe.user is not None else before.get("User") or "0",
        # A Dockerfile's own ENTRYPOINT forgets the base's CMD.
        "Entrypoint": _list(recipe.entrypoint) or before.get("Entrypoint"),
        "Cmd": _list(recipe.command) or (before.get("Cmd") if recipe.entrypoint is None else None),
        "ExposedPorts": {f"{port}/tcp": {} for port in recipe.ports} or before.get("ExposedPorts"),
        "StopSignal": recipe.stop_signal or before.get("StopSignal"),
    }
    earlier = (inherited.get("rootfs") or {}).get("diff_ids") or []
    made: list[Any] = [{"created": _EPOCH, "created_by": "sesari", "comment": "assembled"} for _ in own]
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": _EPOCH,
        "config": {name: value for name, value in settings.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [*earlier, *(one.digest for one in own)]},
        "history": [*(inherited.get("history") or []), *made],
    }


def _environment(recipe: Recipe, before: Mapping[str, Any], runtime: Runtime | None) -> dict[str, str]:
    variables = dict(entry.split("=", 1) for entry in before.get("Env") or ())
    variables.setdefault("PATH", _PATH)
    variables.update(recipe.variables)
    if runtime is not None and runtime.language == "python":
        variables["PATH"] = f"/{SITE}/bin:{variables['PATH']}"
        variables["PYTHONPATH"] = ":".join(part for part in (f"/{SITE}", variables.get("PYTHONPATH", "")) if part)
    return variables


def _manifest(config: Descriptor, layers: Sequence[Descriptor], annotations: Mapping[str, str]) -> JsonObject:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _described(config),
        "layers": [_described(one) for one in layers],
        "annotations": dict(annotations),
    }


def _described(one: Descriptor) -> JsonObject:
    return {"mediaType": one.media_type, "digest": one.digest, "size": one.size}


def _descriptor(value: Mapping[str, Any]) -> Descriptor:
    return Descriptor(str(value["mediaType"]), str(value["digest"]), int(value["size"]))


def _of_oci(one: Descriptor) -> Descriptor:
    """A layer of a Docker manifest under its OCI name: the bytes are the same."""
    names = {
        "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    }
    return Descriptor(names.get(one.media_type, one.media_type), one.digest, one.size)


def _list(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)


def _canonical(value: JsonObject) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
