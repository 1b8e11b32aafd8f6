"""The product's `infra/` on disk, and the modules that the package brings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sesari.drivers.files import exclusive, file_error, read_whole, remove, write_whole
from sesari.errors import Problem, SesariError

STAGING = ".sesari-synth.staged"
# Infra is source code for everybody who may read the repository.
FILE_MODE = 0o644


class InfraFolder:
    """Implements `pipeline.synth.Folder` on `infra`; `lock` is the file that keeps two runs apart."""

    def __init__(self, infra: Path, lock: Path) -> None:
        self._infra = infra
        self._lock = lock
        self._staged: list[str] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for one run at a time. What a killed run staged is removed."""
        with exclusive(self._lock):
            try:
                self._unstage()
                yield
            finally:
                self._unstage()

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when there is none. Raises SesariError."""
        try:
            return read_whole(self._at(path))
        except NotADirectoryError:
            return None

    def stage(self, files: Mapping[str, bytes]) -> None:
        """Write the files aside, and make sure that each can be moved into place. Raises SesariError."""
        try:
            for folder in sorted({self._at(path).parent for path in files}):
                self._writable(folder)
            for path, body in files.items():
                write_whole(self._infra / STAGING / path, body, FILE_MODE)
        except BaseException:
            self._unstage()
            raise
        self._staged = list(files)

    def settle(self, remove_too: Collection[str]) -> None:
        """Move what was staged into place, in its order, then remove files and folders left empty."""
        staged, self._staged = self._staged, []
        for path in staged:
            target = self._at(path)
            try:
                (self._infra / STAGING / path).replace(target)
            except OSError as error:
                raise file_error(error, target, "written") from error
        for path in remove_too:
            remove(self._at(path))
            self._prune(self._at(path).parent)
        self._unstage()

    def _at(self, path: str) -> Path:
        """Where a path lies. Refuses one that a symbolic link leads out of the folder."""
        target = self._infra / path
        if not target.parent.resolve().is_relative_to(self._infra.resolve()):
            hint = "Replace the symbolic link by a folder"
            raise SesariError(Problem("infra-outside", f"infra/{path} leads out of infra/", str(target), hint=hint))
        return target

    def _writable(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(error, folder, "made") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            hint = "Check who owns the folder and its mode"
            raise SesariError(Problem("no-permission", f"`{folder}` cannot be written", str(folder), hint=hint))

    def _prune(self, folder: Path) -> None:
        while folder != self._infra and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def _unstage(self) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(self._infra / STAGING)


def module_files(modules: Path, name: str) -> dict[str, bytes]:
    """The files of one Terraform module, by name, sorted. Raises SesariError when the package is incomplete."""
    folder = modules / name
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.tf"))} if folder.is_dir() else {}
    if not found:
        hint = "Install sesari again"
        raise SesariError(Problem("module-missing", f"The module `{name}` is missing", str(folder), hint=hint))
    return found
