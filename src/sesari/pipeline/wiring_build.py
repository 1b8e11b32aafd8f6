"""Joins the building and pushing of images to the drivers: which builder, which caches, which registry."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.builders import find_builder, run_builder, write_entries
from sesari.drivers.folder_store import FolderStore
from sesari.drivers.git_tree import GitTree
from sesari.drivers.oci import ImageStore
from sesari.drivers.packages import NpmModules, PipWheels
from sesari.drivers.registry import Registry, ecr_credentials
from sesari.errors import Problem, SesariError
from sesari.model.access import Project, Reach
from sesari.model.image import BaseImage, Builder, Entry, RegistryAddress
from sesari.model.manifest import Environment
from sesari.model.progress import Reporter, silent
from sesari.pipeline.build_tools import Bases, BuildTools, OpenOrigin
from sesari.pipeline.stop import Stop
from sesari.release.builder_argv import BUILD_VARIABLES, build_commands, probe
from sesari.release.image import full_name, parts_of, platform_manifest, read_base
from sesari.release.releases import ecr_host

# The registry that `docker.io` means.
_DOCKER_HUB = "registry-1.docker.io"


def build_tools(
    project: Project, machine: Mapping[str, str], rehearsal: bool, report: Reporter = silent, stop: Stop | None = None
) -> BuildTools:
    """The tools for building this product's images; `machine` is the process environment.

    In a rehearsal neither a builder nor a base is used: what it builds runs on this machine, without a network.
    """
    cache = project.work.absolute() / "cache"
    images = image_store(project)
    stop = stop or Stop()
    return BuildTools(
        tree=GitTree(project.root),
        images=images,
        records=FolderStore(cache / "records"),
        wheels=PipWheels(cache / "wheels", machine, stop.attached),
        modules=NpmModules(cache / "npm", machine, stop.attached),
        builder=None if rehearsal else find_builder(machine, probe),
        run_builder=_runner(images, machine, stop),
        bases=None if rehearsal else bases(open_public),
        report=report,
        stop=stop,
        seconds=time.monotonic,
    )


def image_store(project: Project) -> ImageStore:
    """The images on this machine: `.sesari/cache/oci`, an OCI layout."""
    return ImageStore(project.work.absolute() / "cache" / "oci")


def environment_registry(reach: Reach, environment: Environment) -> Registry:
    """The environment's own ECR. Close it. Raises SesariError when the credentials are missing."""
    host = ecr_host(environment.account, environment.region)
    client = AwsSession(reach.variables, environment.region).client("ecr")
    return Registry(
        RegistryAddress(host, reach.variables.get("AWS_ENDPOINT_URL") or f"https://{host}"), ecr_credentials(client)
    )


def open_public(host: str) -> AbstractContextManager[Registry]:
    """A registry that is read without credentials, by its name in references."""
    return Registry(RegistryAddress(host, f"https://{_DOCKER_HUB if host == 'docker.io' else host}"))


def bases(open_origin: OpenOrigin) -> Bases:
    """Finds base images in their registries, for linux/amd64."""

    def find(reference: str) -> BaseImage:
        host, repository, wanted = parts_of(reference)
        with open_origin(host) as registry:
            found = registry.manifest(repository, wanted)
            inner = platform_manifest(found[0], reference) if found else None
            if inner is not None:
                wanted, found = inner, registry.manifest(repository, inner)
            if found is None:
                hint = "Check FROM in the Dockerfile"
                raise SesariError(
                    Problem("base-absent", "The base image does not exist", full_name(reference), hint=hint)
                )
            digest = f"sha256:{hashlib.sha256(found[0]).hexdigest()}"
            if wanted.startswith("sha256:") and wanted != digest:
                raise SesariError(Problem("base-damaged", "The base image is not what its digest says", reference))
            return read_base(found[0], digest, registry.blob(repository, json.loads(found[0])["config"]["digest"]))

    return find


def _runner(
    images: ImageStore, machine: Mapping[str, str], stop: Stop
) -> Callable[[Builder, str, Iterable[Entry], Callable[[str], None]], str]:
    def run(builder: Builder, name: str, entries: Iterable[Entry], told: Callable[[str], None]) -> str:
        with tempfile.TemporaryDirectory(prefix="sesari-build-") as folder:
            context, layout = Path(folder) / "context", Path(folder) / "layout"
            write_entries(context, entries)
            commands = build_commands(builder, str(context), str(layout), name)
            run_builder(builder, commands, {**machine, **BUILD_VARIABLES}, told, stop.attached)
            return images.take_over(layout)

    return run
