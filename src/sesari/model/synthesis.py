"""What `synth` did, or would do, to the files below `infra/`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Paths relative to `infra/`, sorted.

    `written` are new or changed, `removed` no longer wanted, `edited` were changed by hand or are somebody else's
    files in the place of a generated one; `unchanged` is a count.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    unchanged: int

    @property
    def stale(self) -> bool:
        """True when the files are not what the manifest says."""
        return bool(self.written or self.removed)
