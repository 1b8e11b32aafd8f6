"""An OCI image layout on disk: blobs under their digests, verified whenever they are read, and unpacking.

Source: the OCI image layout specification 1.1. An image's content can hold what a build was given: files are private.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sesari.drivers.files import exclusive, file_error, private_folder, read_whole, write_whole
from sesari.errors import Problem, SesariError
from sesari.model.image import Blob, Descriptor

_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"


class ImageStore:
    """Images of one product by digest. Several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    @property
    def folder(self) -> Path:
        """The layout itself: `skopeo copy oci:FOLDER@DIGEST ...` understands it."""
        return self._folder

    def put(self, blob: Blob) -> None:
        """Keep the blob. Raises SesariError when its bytes are not what its digest says, or it cannot be written."""
        _check(blob.body, blob.descriptor.digest, "the blob")
        path = self.path(blob.descriptor.digest)
        if not path.is_file():
            write_whole(path, blob.body)

    def put_manifest(self, blob: Blob) -> None:
        """Keep a manifest and name it in `index.json`, so that other tools find it."""
        self.put(blob)
        one = blob.descriptor
        entry = {"mediaType": one.media_type, "digest": one.digest, "size": one.size}
        with exclusive(self._folder / ".lock"):
            index = self._index()
            if all(known["digest"] != one.digest for known in index):
                body = {"schemaVersion": 2, "manifests": [*index, entry]}
                write_whole(self._folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
                write_whole(self._folder / "index.json", json.dumps(body, sort_keys=True).encode())

    def has(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def path(self, digest: str) -> Path:
        """Where a blob lies. Raises ValueError for what is no sha256 digest."""
        algorithm, _, value = digest.partition(":")
        if algorithm != "sha256" or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
            raise ValueError(f"{digest!r} is not a sha256 digest")
        return self._folder / "blobs" / "sha256" / value

    def read(self, digest: str) -> bytes:
        """The blob, verified. Raises SesariError `blob-absent`, `blob-damaged`."""
        body = read_whole(self.path(digest))
        if body is None:
            hint = "Build the release again: `.sesari/cache` no longer holds it"
            raise SesariError(Problem("blob-absent", "A part of an image is not on this machine", digest, hint=hint))
        _check(body, digest, str(self.path(digest)))
        return body

    def take_over(self, layout: Path) -> str:
        """Bring in the one image of a layout that a builder wrote; its digest. Raises SesariError."""
        other = ImageStore(layout)
        found = other._index()
        if len(found) != 1:
            why = f"its index names {len(found)} images"
            raise SesariError(Problem("image-damaged", "The builder did not give one image", str(layout), why))
        digest = str(found[0]["digest"])
        manifest = json.loads(other.read(digest))
        if "layers" not in manifest:
            why = f"it is a {manifest.get('mediaType')}"
            raise SesariError(Problem("image-damaged", "The builder gave no single image", str(layout), why))
        for one in (manifest["config"], *manifest["layers"]):
            self.put(Blob(Descriptor(one["mediaType"], one["digest"], one["size"]), other.read(one["digest"])))
        body = other.read(digest)
        self.put_manifest(Blob(Descriptor(manifest.get("mediaType", _MANIFEST), digest, len(body)), body))
        return digest

    def unpack(self, digest: str, folder: Path) -> bytes:
        """Unpack the image's layers as the folder, every blob verified; its configuration.

        The folder appears whole or not at all. It is not unpacked again where it is already there from this digest;
        raises SesariError `unpacked-other` where it is from another, `blob-absent` when the base's layers are not here.
        """
        manifest = json.loads(self.read(digest))
        configuration = self.read(manifest["config"]["digest"])
        mark = folder.with_name(f".{folder.name}.digest")
        with exclusive(folder.with_name(f".{folder.name}.lock")):
            if not folder.exists():
                # First the mark: a folder that appears is never without one, whenever we are killed.
                write_whole(mark, digest.encode())
                self._unpack([one["digest"] for one in manifest["layers"]], folder)
            elif read_whole(mark) != digest.encode():
                hint = "Remove the folder, or name another one"
                raise SesariError(Problem("unpacked-other", "The folder holds something else", str(folder), hint=hint))
        return configuration

    def _unpack(self, layers: Sequence[str], folder: Path) -> None:
        private_folder(folder.parent)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for layer in layers:
                self._extract(layer, beside)
            beside.rename(folder)
        except OSError as error:
            raise file_error(error, folder, "unpacked") from error
        finally:
            if beside.exists():
                shutil.rmtree(beside)

    def _extract(self, digest: str, root: Path) -> None:
        self.read(digest)
        try:
            with tarfile.open(self.path(digest), "r:*") as archive:
                archive.extraction_filter = _as_it_is
                for member in archive:
                    _place(archive, member, root)
        except tarfile.TarError as error:
            raise SesariError(Problem("layer-damaged", "A layer could not be unpacked", digest, str(error))) from error

    def _index(self) -> list[dict[str, Any]]:
        body = read_whole(self._folder / "index.json")
        found: list[dict[str, Any]] = json.loads(body)["manifests"] if body else []
        return found


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    name = PurePosixPath(member.name)
    # A link of an earlier layer must lead nothing out of the folder, neither a file nor a removal.
    for path in (root / name.parent, root / member.linkname if member.islnk() else root):
        if not path.resolve().is_relative_to(root.resolve()):
            raise tarfile.TarError(f"{member.name} leaves the image")
    if name.name == _OPAQUE:
        _clear(root / name.parent)
    elif name.name.startswith(_WHITEOUT):
        _remove(root / name.parent / name.name.removeprefix(_WHITEOUT))
    elif member.isdir() or member.isreg() or member.issym() or member.islnk():
        # Devices are left out, and whoever unpacks owns what there is.
        member.mode, member.uid, member.gid, member.uname, member.gname = (
            member.mode & 0o755,
            os.getuid(),
            os.getgid(),
            "",
            "",
        )
        if not member.isdir():
            _remove(root / name)
        archive.extract(member, root)


def _as_it_is(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """What may be unpacked is decided by `_place`: Python's own filters differ between its versions."""
    return member


def _clear(folder: Path) -> None:
    for child in folder.iterdir() if folder.is_dir() else ():
        _remove(child)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)  # a later layer's file replaces an earlier one's folder
    else:
        path.unlink(missing_ok=True)


def _check(body: bytes, digest: str, where: str) -> None:
    actual = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if actual != digest:
        why = f"it is {actual}, not {digest}"
        hint = "Remove it and build again"
        raise SesariError(Problem("blob-damaged", "A part of an image was changed", where, why, hint))
