"""Release what a dead holder left behind, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from sesari.errors import Problem, Refused
from sesari.model.lease import Lease
from sesari.pipeline.identity import check_identities
from sesari.pipeline.lease import current_lease, held
from sesari.pipeline.state_lock import StateLock, drop, found_lock, locked_by
from sesari.pipeline.tools import Tools
from sesari.release.lease import is_own_lock


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What was released: the lease of a dead holder, a state lock; None where there was none."""

    lease: Lease | None
    lock: StateLock | None


def unlock(tools: Tools, foreign: str | None = None) -> Unlocked:
    """Release the lease and the lock of a dead holder.

    `foreign` is the id of a lock that a Terraform run by hand left: nobody can prove that one dead, so a person
    names it exactly. Raises Refused `environment-held` while the holder lives, `state-locked` for an unnamed lock.
    """
    check_identities(tools)
    before, lock = current_lease(tools.delivery, tools.name), found_lock(tools)
    if lock is None and (before is None or before.released):
        _named(foreign, None)
        return Unlocked(None, None)
    with held(tools, "unlock") as lease:
        lock = found_lock(tools)
        own = lock is not None and is_own_lock(lock.id, lease.lease)
        if lock is not None and not own and foreign is None:
            raise Refused(locked_by(lock, tools))
        if not own:
            _named(foreign, lock)
        lease.check()
        if lock is not None:
            drop(tools, lock)
        return Unlocked(lease.dead, lock)


def _named(foreign: str | None, lock: StateLock | None) -> None:
    """Refuse when the person names a lock that is not the one that is there."""
    if foreign is None or (lock is not None and lock.id == foreign):
        return
    there = f"the lock there is {lock.id} of `{lock.who}`, taken at {lock.created}" if lock else "there is no lock"
    what = f"There is no state lock with the id `{foreign}`"
    raise Refused(Problem("lock-id-mismatch", what, None, there, "Nothing was released; give the id exactly"))
