"""What long work tells while it runs: one value per step and per change of its phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Phase(Enum):
    """`failed`: a gate said no; `errored`: the work broke; `aborted`: somebody stopped it."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Progress:
    """`scope` is an environment or chapter, `step` what is done there; `done` of `total` when countable."""

    scope: str
    step: str
    phase: Phase
    detail: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None


Reporter: TypeAlias = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """A reporter for callers that show nothing."""
