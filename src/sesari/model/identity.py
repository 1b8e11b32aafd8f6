"""Who the credentials are, as each provider itself answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identities:
    """The AWS account, and the team and organisation reached (None where the environment names none)."""

    account: str
    vercel_team: str | None = None
    supabase_organization: str | None = None
