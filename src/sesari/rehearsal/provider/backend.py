"""What keeps the resources behind a provider double."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

# Decoded plain Python: None, bool, int, float, str, list, dict. Sets are lists; there are no unknowns.
Attributes: TypeAlias = dict[str, Any]
Label: TypeAlias = Literal["emulated", "recorded only"]


class ProviderError(Exception):
    """What Terraform shows as `Error: summary` with `detail` below: worded as the real provider words it."""

    def __init__(self, summary: str, detail: str = "") -> None:
        self.summary = summary
        self.detail = detail
        super().__init__(f"{summary}: {detail}" if detail else summary)


class Operations(Protocol):
    """Keeps resources. Unknown computed attributes arrive as None in `planned`; write-only attributes arrive with
    their values there and in no other place, and are dropped from what is returned.

    Every method raises `ProviderError`.
    """

    def create(self, type: str, planned: Attributes) -> Attributes:
        """Create and return the full new state. Attributes left out count as null."""

    def read(self, type: str, state: Attributes) -> Attributes | None:
        """The state as it is now, or None when the resource is gone."""

    def update(self, type: str, prior: Attributes, planned: Attributes) -> Attributes:
        """Change in place and return the full new state."""

    def delete(self, type: str, prior: Attributes) -> None:
        """Remove it; removing what is gone already is not an error."""

    def find(self, type: str, id: str) -> Attributes | None:
        """The state of the resource with that import id, or None."""

    def data(self, type: str, config: Attributes) -> Attributes:
        """A data source's (or an ephemeral resource's) full result."""


class Backend(Operations, Protocol):
    """Operations that know how much of reality is behind them."""

    @property
    def label(self) -> Label:
        """What a report calls the resources of this backend."""
