"""Terraform as the pipeline sees it: something that runs arguments and tells events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from sesari.model.json import JsonObject

OnEvent: TypeAlias = Callable[[JsonObject], None]


@dataclass(frozen=True, slots=True)
class EngineCall:
    """One run of Terraform in the root `directory` (absolute).

    `data` is its private TF_DATA_DIR, `variables` the Reach's, added to a scrubbed environment. `files` are file
    descriptors that the child inherits under the same number.
    """

    arguments: tuple[str, ...]
    directory: Path
    data: Path
    variables: Mapping[str, str]
    files: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineRun:
    """What one run gave. `output` is stdout without the events; `diagnostics` Terraform's own, errors and warnings."""

    exit_code: int
    output: str
    errors: str
    diagnostics: tuple[JsonObject, ...] = ()


class Running(Protocol):
    """A run under way. `wait` is called by the thread that started it; the others from any thread."""

    def wait(self) -> EngineRun:
        """Tell the events as they come, then return. Call it once."""

    def interrupt(self) -> None:
        """Ask Terraform to stop gracefully: what is in flight ends and the state is saved."""

    def kill(self) -> None:
        """End it and its children at once; the state of what is in flight may be lost."""


class Engine(Protocol):
    """A Terraform of at least 1.11. `label` says which for people: `Terraform 1.11.4`."""

    @property
    def version(self) -> str:
        """`1.11.4`."""

    @property
    def label(self) -> str:
        """For people: `Terraform 1.11.4 (embedded)`."""

    def start(self, call: EngineCall, on_event: OnEvent) -> Running:
        """Begin. Raises SesariError when it cannot be begun."""
