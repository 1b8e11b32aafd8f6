"""Who may change an environment now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder's right to change `environment`.

    `token` is the fencing token: it grows by one with every holder and never repeats. `heartbeat` is the holder's
    last sign of life, `ttl` the seconds after which a silent holder is dead. `lock_id` is the id of the Terraform
    state lock this holder takes, recorded before it is taken, so that only a dead holder's own lock is released.
    """

    environment: str
    token: int
    holder: str
    purpose: str
    acquired: datetime
    heartbeat: datetime
    ttl: int
    lock_id: str
    released: bool = False
