"""The delivery store's one contract: objects with conditional writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as read: its bytes and the version that `replace` and `delete` compare with."""

    key: str
    body: bytes
    version: str


class Conflict(Exception):
    """A conditional write lost: somebody else created or changed the object first. Nothing was written."""


class Store(Protocol):
    """S3 for a team, a folder offline: the same semantics. Keys are `/`-separated; bodies are bytes."""

    def get(self, key: str) -> Stored | None:
        """The object, or None."""

    def create(self, key: str, body: bytes) -> str:
        """Create if absent; the new version. Raises `Conflict` when it exists."""

    def replace(self, key: str, body: bytes, version: str) -> str:
        """Replace if unchanged since `version`; the new version. Raises `Conflict`."""

    def delete(self, key: str, version: str) -> None:
        """Delete if unchanged since `version`. Raises `Conflict`."""

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Every key below the prefix, sorted."""
