"""Put an image into a registry by its digest: what is there is not sent; nothing is ever built on the way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from sesari.errors import Problem, SesariError
from sesari.model.image import Blob, Descriptor, Image, Pushed
from sesari.model.progress import Phase, Progress, Reporter, silent
from sesari.pipeline.build_tools import Images, OpenOrigin, Origin, Target
from sesari.release.image import MANIFEST, parts_of, read_image
from sesari.release.releases import image_reference

_AT_ONCE = 4


class Content(Protocol):
    """Where an image's parts come from."""

    def manifest(self, digest: str) -> bytes:
        """Raises SesariError when there is no such image."""

    def repository(self, one: Descriptor, host: str, base: str | None) -> str | None:
        """A repository of the registry `host` that has the blob, to be mounted from; None when none is known."""

    def pieces(self, one: Descriptor, base: str | None) -> Iterable[bytes]:
        """The blob's bytes."""


@dataclass(frozen=True, slots=True)
class LocalContent:
    """This machine's images; the layers of their bases come from the bases' own registries."""

    images: Images
    open_origin: OpenOrigin

    def manifest(self, digest: str) -> bytes:
        return self.images.read(digest)

    def repository(self, one: Descriptor, host: str, base: str | None) -> str | None:
        if base is None or self.images.has(one.digest):
            return None
        origin, repository, _ = parts_of(base)
        return repository if origin == host else None

    def pieces(self, one: Descriptor, base: str | None) -> Iterable[bytes]:
        if base is None or self.images.has(one.digest):
            yield self.images.read(one.digest)
            return
        host, repository, _ = parts_of(base)
        with self.open_origin(host) as registry:
            yield from verified(registry.stream(repository, one.digest), one)


@dataclass(frozen=True, slots=True)
class RemoteContent:
    """An image as another environment's registry holds it: a release is promoted from any machine."""

    registry: Origin
    name: str

    def manifest(self, digest: str) -> bytes:
        found = self.registry.manifest(self.name, digest)
        if found is None:
            hint = "Deploy the release to the earlier environment first, or build it here"
            where = f"{self.registry.host}/{self.name}@{digest}"
            raise SesariError(Problem("image-absent", "The image is not in that registry", where, hint=hint))
        return found[0]

    def repository(self, one: Descriptor, host: str, base: str | None) -> str | None:
        return self.name if self.registry.host == host else None

    def pieces(self, one: Descriptor, base: str | None) -> Iterable[bytes]:
        return verified(self.registry.stream(self.name, one.digest), one)


def push(content: Content, target: Target, repository: str, digest: str, report: Reporter = silent) -> Pushed:
    """Put the image there, with a tag made of its digest, so that nothing expires it as untagged. Raises SesariError.

    The manifest goes last: an interrupted push leaves no image, and the next one sends only what is missing.
    """
    reference = image_reference(target.host, repository, digest)
    tag = digest.replace(":", "-")
    if target.manifest_digest(repository, tag) == digest:
        report(Progress(repository, "push", Phase.SUCCEEDED, "already there"))
        return Pushed(reference, digest, present=1)
    image = _image(content, digest)
    wanted = list(dict.fromkeys((image.config, *image.layers)))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(lambda one: _blob(content, target, repository, one, image.base), wanted))
    target.put_manifest(repository, tag, image.manifest.body, image.manifest.descriptor.media_type)
    sent = sum(one.size for one, how in zip(wanted, results, strict=True) if how == "sent")
    report(Progress(repository, "push", Phase.SUCCEEDED, f"{sent} bytes sent"))
    return Pushed(reference, digest, results.count("sent"), results.count("present"), results.count("mounted"), sent)


def verified(pieces: Iterable[bytes], one: Descriptor) -> Iterable[bytes]:
    """The pieces as they come; raises SesariError at the end when they are not what the digest says."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if f"sha256:{digest.hexdigest()}" != one.digest:
        raise SesariError(Problem("blob-damaged", "A part of an image arrived changed", one.digest))


def _blob(content: Content, target: Target, repository: str, one: Descriptor, base: str | None) -> str:
    if target.has_blob(repository, one.digest):
        return "present"
    origin = content.repository(one, target.host, base)
    if origin is not None and target.mount(repository, one.digest, origin):
        return "mounted"
    source: Callable[[], Iterable[bytes]] = lambda: content.pieces(one, base)  # noqa: E731
    target.upload(repository, one, source)
    return "sent"


def _image(content: Content, digest: str) -> Image:
    body = content.manifest(digest)
    if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest:
        raise SesariError(Problem("image-damaged", "A manifest is not what its digest says", digest))
    try:
        media_type = json.loads(body).get("mediaType") or MANIFEST
    except (AttributeError, ValueError) as error:
        raise SesariError(Problem("image-damaged", "A manifest cannot be read", digest, str(error))) from error
    return read_image(Blob(Descriptor(media_type, digest, len(body)), body))
