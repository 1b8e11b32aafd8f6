"""PURE: planned failures of the offline Vercel, by operation and nth call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

FAULTS_PATH = "/_standins/vercel/faults"
FaultKind = Literal["429", "500", "503", "lost", "drop", "delay", "error"]


@dataclass(frozen=True, slots=True)
class VercelFault:
    """Strikes `operation` at its `nth` call from now (1-based), `times` times (0: always); `team` limits it.

    Operations are calls (`files`, `deployments.create`, `deployments.list`, `deployments.get`, `projects.get`,
    `promote`, `rollback`, ...; `*` any of them), or what follows from one: `build` and `promotion`.
    Of calls: `429` (its headers say to wait `seconds`), `500`, `503`, `lost` (done, yet answered with 500), `drop`
    (done, no answer), `delay`. Of what follows: `delay` (it takes `seconds`) and `error`.
    """

    operation: str
    kind: FaultKind
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    team: str | None = None

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> VercelFault:
        """Raises ValueError or TypeError when the object is no fault."""
        fault = VercelFault(**value)
        if fault.kind not in get_args(FaultKind):
            raise ValueError(f"unknown kind of fault: {fault.kind}")
        return fault


@dataclass(slots=True)
class VercelFaults:
    """The faults in force, each with the number of matching calls seen so far."""

    entries: list[tuple[VercelFault, int]] = field(default_factory=list)

    def replace(self, faults: Iterable[VercelFault]) -> None:
        self.entries = [(fault, 0) for fault in faults]

    def next(self, operation: str, team: str) -> VercelFault | None:
        """Counts this call and gives the first fault that strikes it."""
        struck: VercelFault | None = None
        for index, (fault, seen) in enumerate(self.entries):
            any_call = fault.operation == "*" and operation not in ("build", "promotion")
            if not (fault.operation == operation or any_call) or fault.team not in (None, team):
                continue
            self.entries[index] = (fault, seen + 1)
            due = fault.nth <= seen + 1 and (fault.times == 0 or seen + 1 < fault.nth + fault.times)
            struck = struck or (fault if due else None)
        return struck
