"""The folder of one Terraform root, and what is kept about it in `.sesari`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from sesari.drivers.files import file_error, private_folder, read_whole, remove, write_whole
from sesari.errors import Problem, SesariError

_LOCAL_MODULE = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"]+)"', re.MULTILINE)
_SOURCES = ("*.tf", "*.tf.json", "*.tfvars", "*.tfvars.json", "*.tftpl", ".terraform.lock.hcl")
_UNSAVED = "errored.tfstate"
_CREATED = "created.jsonl"


class RootFolder:
    """Implements `Root`. `name` is relative to `infra/`: `staging`, `bootstrap/staging`."""

    def __init__(self, infra: Path, work: Path, name: str) -> None:
        self._infra = infra.absolute()
        self._directory = self._infra / name
        self._data = work.absolute() / "terraform" / name

    @property
    def directory(self) -> Path:
        return self._directory

    @property
    def data(self) -> Path:
        return self._data

    def sources(self) -> dict[str, bytes]:
        """Every file that Terraform reads here, by its path relative to `infra/`. Raises SesariError."""
        if not self.directory.is_dir():
            hint = "To write it, run `sesari synth`"
            raise SesariError(
                Problem("root-missing", "The Terraform root does not exist", str(self.directory), None, hint)
            )
        files: dict[str, bytes] = {}
        waiting, seen = [self.directory], set[Path]()
        while waiting:
            folder = waiting.pop().resolve()
            if folder in seen:
                continue
            seen.add(folder)
            for path in _files(folder):
                body = read_whole(path) or b""
                files[_relative(path, self._infra.resolve())] = body
                if path.suffix == ".tf":
                    waiting += [folder / source for source in _LOCAL_MODULE.findall(body.decode("utf-8", "replace"))]
        return files

    def has_provider_lock(self) -> bool:
        """True when the committed lock file names at least one provider."""
        body = read_whole(self.directory / ".terraform.lock.hcl")
        return body is not None and b'provider "' in body

    def initialised(self, key: str) -> bool:
        if read_whole(self._data / "initialised") != key.encode() or not (self._data / "terraform.tfstate").exists():
            return False
        # Providers are links into the shared cache, which somebody may have emptied.
        links = (path for path in (self._data / "providers").rglob("*") if path.is_symlink())
        return all(path.exists() for path in links)

    def mark_initialised(self, key: str) -> None:
        write_whole(self._data / "initialised", key.encode())

    def unsaved_state(self) -> Path | None:
        """Where a state that Terraform could not push lies: moved out of the repository, readable by us alone."""
        left, kept = self.directory / _UNSAVED, self._data / _UNSAVED
        body = read_whole(left)
        if body is not None:
            private_folder(self._data)
            write_whole(kept, body)
            remove(left)
        return kept if kept.exists() else None

    def discard_unsaved_state(self) -> None:
        remove(self._data / _UNSAVED)

    def note_created(self, address: str, id: str) -> None:
        """Append to the journal, durably. Raises SesariError."""
        path = self._data / _CREATED
        private_folder(self._data)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, json.dumps([address, id]).encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise file_error(error, path, "written") from error

    def created(self) -> dict[str, str]:
        """The journal: address to id. A line that was being written when the machine stopped is left out."""
        found: dict[str, str] = {}
        for line in (read_whole(self._data / _CREATED) or b"").splitlines():
            try:
                address, id = json.loads(line)
            except ValueError:
                continue
            found[str(address)] = str(id)
        return found

    def discard_created(self) -> None:
        remove(self._data / _CREATED)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for pattern in _SOURCES for path in folder.glob(pattern) if path.is_file())
    except OSError as error:
        raise file_error(error, folder, "listed") from error


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
