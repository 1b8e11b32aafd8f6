"""Images of tasks: pulled by digest from the emulated registry under the execution role, verified, unpacked once."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sesari.drivers.oci import ImageStore
from sesari.drivers.registry import Registry
from sesari.errors import SesariError
from sesari.model.image import Blob, Descriptor, Process, RegistryAddress
from sesari.rehearsal.tasks.roles import StartRefused
from sesari.release.image import MANIFEST, parts_of, process_of

_HOST: Final = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


class PullFailed(StartRefused):
    """The image cannot be had."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An image as a folder; `process` is how the image itself is started."""

    digest: str
    folder: Path
    process: Process


class ImageShelf:
    """Every image that a task was started from, below one folder, by digest."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._store = ImageStore(folder / "oci")
        self._folder = folder / "unpacked"
        self._endpoint = endpoint
        self._lock = threading.Lock()

    def pull(self, image: str, ecr: Any) -> Unpacked:
        """`image` is `HOST/REPOSITORY@sha256:...`. `ecr` is boto3's client as the execution role. Raises PullFailed."""
        host, repository, digest = parts_of(image)
        if not digest.startswith("sha256:") or _HOST.fullmatch(host) is None:
            raise PullFailed(f"{image} is not in an ECR registry under a digest")
        self._allowed(ecr, repository, digest, image)
        try:
            with self._lock:
                if not self._store.has(digest):
                    self._fetch(host, repository, digest)
                folder = self._folder / digest.removeprefix("sha256:")
                configuration = self._store.unpack(digest, folder)
        except SesariError as error:
            problem = error.problems[0]
            raise PullFailed(f"{problem.what}: {problem.where} {problem.why or ''}".strip()) from error
        return Unpacked(digest, folder, process_of(configuration))

    def _allowed(self, ecr: Any, repository: str, digest: str, image: str) -> None:
        """The emulated `/v2/` asks nobody who they are: whether the role may pull is asked of the API."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        except (ClientError, BotoCoreError) as problem:
            raise PullFailed(f"{image}: {problem}") from problem
        if not answer.get("images"):
            raise PullFailed(f"failed to resolve ref {image}: not found")

    def _fetch(self, host: str, repository: str, digest: str) -> None:
        with Registry(RegistryAddress(host, self._endpoint)) as registry:
            found = registry.manifest(repository, digest)
            if found is None or f"sha256:{hashlib.sha256(found[0]).hexdigest()}" != digest:
                raise PullFailed(f"failed to resolve ref {host}/{repository}@{digest}: not found")
            value = json.loads(found[0])
            for one in (value["config"], *value["layers"]):
                if not self._store.has(one["digest"]):
                    descriptor = Descriptor(one["mediaType"], one["digest"], one["size"])
                    self._store.put(Blob(descriptor, registry.blob(repository, one["digest"])))
            # Last: a store that has the manifest has the image.
            self._store.put_manifest(Blob(Descriptor(MANIFEST, digest, len(found[0])), found[0]))
