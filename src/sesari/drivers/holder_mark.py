"""Proof of death on one machine: a file lock that the kernel frees when the last process that has it is gone."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sesari.drivers.files import file_error, private_folder, remove


class HolderMark:
    """Implements `Mark`: one file per holder below `folder`. A Terraform that inherits the lock keeps it alive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def claim(self, name: str) -> Iterator[int]:
        path = self._path(name)
        private_folder(self._folder)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise file_error(error, path, "opened") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield descriptor
        finally:
            os.close(descriptor)
            remove(path)

    def is_dead(self, name: str) -> bool:
        try:
            descriptor = os.open(self._path(name), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False  # it ran on another machine, or in another folder: nothing is known
        except OSError as error:
            raise file_error(error, self._path(name), "opened") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]
