"""Sees who a waiting session waits for: afterwards nobody could tell any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from sesari.errors import SesariError
from sesari.model.migrations import Blocker, LockTimeout

_EVERY = 0.1


class Looker(Protocol):
    def blockers(self, pid: int) -> tuple[Blocker, ...]:
        """Who the session `pid` waits for now."""


@contextmanager
def watching(connect: Callable[[], AbstractContextManager[Looker]], pid: int) -> Iterator[list[Blocker]]:
    """While the block runs, keep the last blockers of `pid` that a session of our own saw.

    Without such a session (no connection is left) the list stays empty: that must not fail the migration.
    """
    seen: list[Blocker] = []
    ended = threading.Event()

    def look() -> None:
        # Only once there is something to see: most statements are through by then.
        if ended.wait(_EVERY * 3):
            return
        with suppress(SesariError, LockTimeout), connect() as session:
            while not ended.wait(_EVERY):
                seen[:] = session.blockers(pid) or seen

    thread = threading.Thread(target=look, name="who blocks", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()
