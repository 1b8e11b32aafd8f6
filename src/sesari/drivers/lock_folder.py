"""Where provider lock files are made and where they go."""

from __future__ import annotations

from pathlib import Path

from sesari.drivers.files import read_whole, remove, write_whole
from sesari.errors import Problem, SesariError
from sesari.model.engine import EngineCall

NAME = ".terraform.lock.hcl"


class LockFolder:
    """Implements `pipeline.lock.LockRoots`."""

    def __init__(self, infra: Path, work: Path) -> None:
        self._infra = infra
        self._made = work.absolute() / "terraform" / "lock"

    def prepare(self, configuration: str) -> EngineCall:
        remove(self._made / NAME)
        write_whole(self._made / "versions.tf", configuration.encode())
        return EngineCall((), self._made, self._made / "data", {})

    def made(self) -> str:
        body = read_whole(self._made / NAME)
        if body is None:
            raise SesariError(Problem("lock-failed", "Terraform wrote no lock file", where=str(self._made)))
        return body.decode("utf-8")

    def write(self, directory: str, text: str) -> bool:
        folder = self._infra / directory
        if not folder.is_dir():
            hint = "To write it, run `sesari synth`"
            raise SesariError(Problem("root-missing", "The Terraform root does not exist", str(folder), None, hint))
        if read_whole(folder / NAME) == text.encode():
            return False
        write_whole(folder / NAME, text.encode(), mode=0o644)
        return True
