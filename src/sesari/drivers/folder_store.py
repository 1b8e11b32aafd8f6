"""A folder as a store: one plain file per object, conditional writes under a lock that dies with its holder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sesari.drivers.files import exclusive, file_error, read_whole, remove, write_whole
from sesari.errors import Problem, SesariError
from sesari.model.store import Conflict, Stored

_LOCK = ".lock"


class FolderStore:
    """Implements `Store`. The version is the content's digest, as S3's ETag is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Stored | None:
        body = read_whole(self._path(key))
        return None if body is None else Stored(key, body, _version(body))

    def create(self, key: str, body: bytes) -> str:
        with exclusive(self._folder / _LOCK):
            if self.get(key) is not None:
                raise Conflict(key)
            return self._write(key, body)

    def replace(self, key: str, body: bytes, version: str) -> str:
        with exclusive(self._folder / _LOCK):
            self._unchanged(key, version)
            return self._write(key, body)

    def delete(self, key: str, version: str) -> None:
        with exclusive(self._folder / _LOCK):
            self._unchanged(key, version)
            remove(self._path(key))

    def keys(self, prefix: str) -> tuple[str, ...]:
        try:
            files = [path for path in self._folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        except OSError as error:
            raise file_error(error, self._folder, "listed") from error
        names = (path.relative_to(self._folder).as_posix() for path in files)
        return tuple(sorted(name for name in names if name.startswith(prefix)))

    def _unchanged(self, key: str, version: str) -> None:
        found = self.get(key)
        if found is None or found.version != version:
            raise Conflict(key)

    def _write(self, key: str, body: bytes) -> str:
        write_whole(self._path(key), body)
        return _version(body)

    def _path(self, key: str) -> Path:
        # A leading dot is kept for the lock and for files being written; it also refuses `..`.
        if any(not part or part.startswith(".") for part in key.split("/")):
            raise SesariError(Problem("store-key", f"`{key}` is not a key of the store", where=str(self._folder)))
        return self._folder / key


def _version(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
