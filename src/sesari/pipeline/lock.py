"""Pin the provider binaries of every root, for all platforms, in one download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from sesari.errors import Problem, SesariError
from sesari.model.engine import Engine, EngineCall
from sesari.model.stack import ProviderPin, Stack
from sesari.pipeline import terraform_argv
from sesari.pipeline.terraform_events import failure_of
from sesari.release.provider_lock import only, requirements


class LockRoots(Protocol):
    """Where the lock files go, and a folder in which to make one."""

    def prepare(self, configuration: str) -> EngineCall:
        """Write a root that requires the providers and nothing else; a call in it, without arguments."""

    def made(self) -> str:
        """The lock file that Terraform wrote there."""

    def write(self, directory: str, text: str) -> bool:
        """Write the lock file of a root; False when it already was so."""


def lock_providers(engine: Engine, roots: LockRoots, stacks: Iterable[Stack]) -> tuple[str, ...]:
    """Write `.terraform.lock.hcl` of every root; the directories whose file changed. Raises SesariError."""
    found = tuple(stacks)
    pins: Mapping[str, ProviderPin] = {pin.source: pin for stack in found for pin in stack.providers}
    call = roots.prepare(requirements(pins.values()))
    arguments = terraform_argv.providers_lock()
    result = engine.start(EngineCall(arguments, call.directory, call.data, call.variables), lambda event: None).wait()
    if result.exit_code != 0:
        why = failure_of(result, "lock")[0].why or "it said nothing"
        hint = "Run it where registry.terraform.io can be reached; nothing was written"
        raise SesariError(Problem("lock-failed", "The provider registry gave no checksums", None, why, hint))
    made = roots.made()
    return tuple(
        stack.directory
        for stack in found
        if roots.write(stack.directory, only(made, [pin.source for pin in stack.providers]))
    )
