"""PURE: folder trees as layers: the same entries give the same bytes, on every machine.

Layers are plain tar, not compressed: two builds of zlib compress differently, and a digest must not depend on which
one a machine has. What it costs in bytes is in docs/decisions/.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
from collections.abc import Iterable
from typing import Final

from sesari.model.image import Blob, Descriptor, Entry

LAYER: Final = "application/vnd.oci.image.layer.v1.tar"


def blob(body: bytes, media_type: str) -> Blob:
    """The bytes under their descriptor."""
    return Blob(Descriptor(media_type, f"sha256:{hashlib.sha256(body).hexdigest()}", len(body)), body)


def layer(entries: Iterable[Entry]) -> Blob:
    """A deterministic tar: sorted, every parent folder first, owned by 0:0, modified at 0, modes 0755 and 0644.

    Of two entries with one path the later one is kept.
    """
    wanted = {entry.path: entry for entry in entries}
    for path in tuple(wanted):
        while path := posixpath.dirname(path):
            wanted.setdefault(path, Entry(path, "folder"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(wanted):
            archive.addfile(_member(wanted[path]), io.BytesIO(wanted[path].body))
    return blob(buffer.getvalue(), LAYER)


def _member(entry: Entry) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    member.mode = 0o755 if entry.executable or entry.kind == "folder" else 0o644
    if entry.kind == "file":
        member.size = len(entry.body)
    elif entry.kind == "folder":
        member.type = tarfile.DIRTYPE
    else:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.body.decode(), 0o777
    return member
