"""Files: written whole or not at all, private where they must be."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sesari.errors import Problem, SesariError

_CAUSES = {
    errno.ENOSPC: ("disk-full", "no space is left on the device", "Free some space and run the command again"),
    errno.EDQUOT: ("disk-full", "the disk quota is used up", "Free some space and run the command again"),
    errno.EFBIG: ("disk-full", "the file is larger than this process may write", "Raise the file size limit"),
    errno.EACCES: ("no-permission", "permission denied", "Check who owns the folder and its mode"),
    errno.EPERM: ("no-permission", "the operation is not permitted", "Check who owns the folder and its mode"),
    errno.EROFS: ("no-permission", "the file system is read-only", "Use a folder that can be written"),
    errno.EEXIST: ("not-a-folder", "a file is where a folder has to be", "Move that file away"),
    errno.ENOTDIR: ("not-a-folder", "a part of the path is a file", "Move that file away"),
    errno.EISDIR: ("not-a-file", "a folder is in its place", "Move that folder away"),
}


def file_error(error: OSError, path: Path, doing: str) -> SesariError:
    """An OSError as one clear error: `disk-full`, `no-permission`, `not-a-folder`, else `file-error`."""
    code, why, hint = _CAUSES.get(error.errno or 0, ("file-error", (error.strerror or "unknown").lower(), None))
    return SesariError(Problem(code, f"`{path.name}` could not be {doing}", where=str(path), why=why, hint=hint))


def private_folder(path: Path) -> Path:
    """Make the folder and its parents, the folder itself with mode 0700; return it. Raises SesariError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise file_error(error, path, "made") from error
    return path


def write_whole(path: Path, body: bytes, mode: int = 0o600) -> None:
    """Replace the file atomically and durably (fsync, rename). Raises SesariError, and then nothing is half-written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise file_error(error, path, "written") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise file_error(error, path, "written") from error
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


def read_whole(path: Path) -> bytes | None:
    """The file's bytes, None when it does not exist. Raises SesariError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_error(error, path, "read") from error


def remove(path: Path) -> None:
    """Remove the file if it exists. Raises SesariError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise file_error(error, path, "removed") from error


@contextmanager
def exclusive(path: Path) -> Iterator[int]:
    """Hold an exclusive `flock` on the file while the block runs; the kernel frees it when the process dies."""
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _open_lock(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise file_error(error, path, "opened") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
