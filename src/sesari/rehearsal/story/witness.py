"""Remembers every secret that an access gave out, so that the end of the story can look for it everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sesari.model.access import Access, Purpose, Reach

_SECRET = re.compile(r"SECRET_ACCESS_KEY|SESSION_TOKEN|_TOKEN$")


@dataclass(frozen=True, slots=True)
class WitnessedAccess:
    """An access whose secrets are kept in `seen`. An account's root secret is the emulator's constant, and is not."""

    inner: Access
    seen: set[str] = field(default_factory=set)

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        found = self.inner.reach(environment, purpose)
        if purpose is not Purpose.BOOTSTRAP:
            self.seen.update(value for name, value in found.variables.items() if _SECRET.search(name))
        return found
