"""With which credentials, and towards which endpoints, an environment is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class Purpose(Enum):
    """Why somebody reaches an environment; each has its own role."""

    PLAN = "plan"
    DEPLOY = "deploy"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True)
class Reach:
    """The environment variables that children and clients get: credentials, regions, endpoints.

    Against the real clouds these are the caller's own variables; in a rehearsal the offline cloud's. Nothing else
    differs between the two. Values can be secrets: a `Reach` is passed as a process environment, never printed.
    """

    variables: Mapping[str, str]
    rehearsal: bool = False

    def __repr__(self) -> str:
        return f"Reach({', '.join(sorted(self.variables))}; rehearsal={self.rehearsal})"


class Access(Protocol):
    """Gives the reach of an environment for a purpose. The rehearsal's and the real one are interchangeable."""

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        """The variables for one environment. Raises SesariError when they cannot be had."""


@dataclass(frozen=True, slots=True)
class Project:
    """A product's folder: where `sesari.toml`, `infra/` and `.sesari/` (never committed) are."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "sesari.toml"

    @property
    def infra(self) -> Path:
        return self.root / "infra"

    @property
    def work(self) -> Path:
        return self.root / ".sesari"
