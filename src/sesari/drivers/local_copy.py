"""A working copy of a root with a local state: how a state bucket is made before there is one to keep its state in."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from sesari.drivers.files import exclusive, read_whole, remove, write_whole
from sesari.drivers.root_folder import RootFolder
from sesari.model.json import JsonObject

_STATE = "terraform.tfstate"
# Terraform merges files whose name ends so over the others; JSON needs no escaping of paths.
_OVERRIDE = "sesari_override.tf.json"


class LocalCopy:
    """Of the root `name` below `infra`, in `.sesari/bootstrap/<name>`."""

    def __init__(self, infra: Path, work: Path, name: str) -> None:
        self._original = RootFolder(infra, work, name)
        self._folder = work.absolute() / "bootstrap" / Path(name).name
        self._name = name

    @property
    def root(self) -> RootFolder:
        """The copy as a root."""
        return RootFolder(self._folder / "infra", self._folder, self._name)

    @property
    def state_file(self) -> Path:
        return self._folder / _STATE

    def alone(self) -> AbstractContextManager[int]:
        """Keep a second run on this machine out."""
        return exclusive(self._folder / ".lock")

    def refresh(self) -> None:
        """Bring the copy up to date. Raises SesariError."""
        for path, body in self._original.sources().items():
            write_whole(self._folder / "infra" / path, body)
        backend: JsonObject = {"terraform": {"backend": {"local": {"path": str(self.state_file)}}}}
        write_whole(self.root.directory / _OVERRIDE, json.dumps(backend).encode())

    def state(self) -> bytes | None:
        """The local state, None when there is none."""
        return read_whole(self.state_file)

    def discard_state(self) -> None:
        """Called once the bucket holds it."""
        remove(self.state_file)
        remove(self.state_file.with_name(f"{_STATE}.backup"))
