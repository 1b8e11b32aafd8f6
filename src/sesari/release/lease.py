"""PURE: may this lease be taken, is it still held. A lease is never deleted, so its tokens never repeat."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sesari.errors import Problem, SesariError
from sesari.model.json import Json
from sesari.model.lease import Lease

TTL: Final = 60
BEAT: Final = 10
# Beyond this no difference between two machines' clocks explains a heartbeat's age.
_PAST_ALL_SKEW: Final = timedelta(hours=1)
_LOCK_NAMESPACE: Final = uuid.UUID("6f3a9d0e-31c5-5d1c-9c36-2f0b6f1f7a51")


@dataclass(frozen=True, slots=True)
class Take:
    """Write `lease`; `dead` is the holder it is taken from, None when nobody held it."""

    lease: Lease
    dead: Lease | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can tell yet whether `holder` lives: look again after `seconds`."""

    holder: Lease
    seconds: float


@dataclass(frozen=True, slots=True)
class Held:
    """`holder` is alive: it gave a sign of life while it was watched."""

    holder: Lease


Decision: TypeAlias = Take | Wait | Held


def decide(
    current: Lease | None,
    now: datetime,
    environment: str,
    holder: str,
    purpose: str,
    *,
    watched: float = 0.0,
    moved: bool = False,
    known_dead: bool = False,
    ttl: int = TTL,
) -> Decision:
    """What `holder` may do about the lease `current`.

    `watched`: seconds for which the caller has seen no change of `current.heartbeat`, by its own monotonic clock;
    `moved`: it has seen one. Two machines' clocks differ, so a heartbeat's age alone proves nothing unless it is
    beyond every skew: a silent holder is also watched for two beats. `known_dead`: this machine's kernel says so.
    """
    if current is None:
        return Take(_fresh(environment, 1, holder, purpose, now, ttl))
    if current.released:
        return Take(_fresh(environment, current.token + 1, holder, purpose, now, ttl))
    if known_dead or _silent_since_long(current, now, watched):
        return Take(_fresh(environment, current.token + 1, holder, purpose, now, ttl), dead=current)
    if moved:
        return Held(current)
    return Wait(current, max(0.0, _watch(current, now) - watched))


def beat(lease: Lease, now: datetime) -> Lease:
    """The lease with a new sign of life."""
    return replace(lease, heartbeat=now)


def release(lease: Lease, now: datetime) -> Lease:
    """The lease given back."""
    return replace(lease, heartbeat=now, released=True)


def lost(mine: Lease, current: Lease | None, silent_for: float) -> Problem | None:
    """Why `mine` is no longer held, or None while it is.

    `current` is the stored lease; `silent_for` the seconds since the last heartbeat that the store took. A holder
    that cannot reach the store gives up before others may think it dead.
    """
    if current is None or (current.token, current.holder) != (mine.token, mine.holder):
        by = f"`{current.holder}` holds it with token {current.token}" if current else "the lease is gone"
        return _lost(mine, by)
    if current.released:
        return _lost(mine, "it was released by somebody else")
    if silent_for >= mine.ttl * 2 / 3:
        return _lost(mine, f"the delivery store took no heartbeat for {silent_for:.0f} s")
    return None


def lock_id(environment: str, token: int) -> str:
    """The id of the Terraform state lock that the holder with `token` takes: known before it is taken."""
    return str(uuid.uuid5(_LOCK_NAMESPACE, f"{environment}/{token}"))


def is_own_lock(found: str, mine: Lease) -> bool:
    """True when the state lock `found` is this holder's, or was left by one that held the lease before it."""
    return any(found == lock_id(mine.environment, token) for token in range(mine.token, 0, -1))


def encode(lease: Lease) -> bytes:
    """The lease as stored: one JSON object."""
    entry = asdict(lease) | {"acquired": lease.acquired.isoformat(), "heartbeat": lease.heartbeat.isoformat()}
    return json.dumps(entry, sort_keys=True).encode()


def decode(body: bytes, where: str) -> Lease:
    """The stored lease. Raises SesariError `lease-corrupt`."""
    try:
        entry: Json = json.loads(body)
        if not isinstance(entry, dict):
            raise TypeError("not an object")
        return Lease(
            environment=str(entry["environment"]),
            token=int(str(entry["token"])),
            holder=str(entry["holder"]),
            purpose=str(entry["purpose"]),
            acquired=datetime.fromisoformat(str(entry["acquired"])),
            heartbeat=datetime.fromisoformat(str(entry["heartbeat"])),
            ttl=int(str(entry["ttl"])),
            lock_id=str(entry["lock_id"]),
            released=entry["released"] is True,
        )
    except (ValueError, KeyError, TypeError) as error:
        hint = "Restore an earlier version of this object; its token must not go back"
        raise SesariError(
            Problem("lease-corrupt", "The lease cannot be read", where, f"{type(error).__name__}: {error}", hint)
        ) from error


def _fresh(environment: str, token: int, holder: str, purpose: str, now: datetime, ttl: int) -> Lease:
    return Lease(environment, token, holder, purpose, now, now, ttl, lock_id(environment, token))


def _silent_since_long(current: Lease, now: datetime, watched: float) -> bool:
    age = now - current.heartbeat
    if age >= _PAST_ALL_SKEW or watched >= current.ttl:
        return True
    return age >= timedelta(seconds=current.ttl) and watched >= 2 * BEAT


def _watch(current: Lease, now: datetime) -> float:
    """Seconds to watch in all, if nothing moves."""
    left = current.ttl - (now - current.heartbeat).total_seconds()
    return min(float(current.ttl), max(2.0 * BEAT, left))


def _lost(mine: Lease, why: str) -> Problem:
    return Problem(
        "lease-lost",
        f"The lease of `{mine.environment}` was lost: Terraform was stopped before its next change",
        where=f"token {mine.token} of `{mine.holder}`",
        why=why,
        hint=f"To see who holds it, run `sesari unlock -e {mine.environment}`; then plan and apply again",
    )
