"""The clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """`now` for records (UTC, whole seconds drift with the machine), `elapsed` for durations (never goes back)."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.monotonic()
