"""What the service needs from its environment; secrets arrive as variables from the secret manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REQUIRED = ("DATABASE_URL", "SESSION_SECRET", "QUEUE_URL_JOBS")


class MissingVariables(Exception):
    """Names every variable that is missing, so that one look at the log is enough."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Secrets stay out of `repr`: it ends up in logs."""

    database_url: str = field(repr=False)
    session_secret: str = field(repr=False)
    queue_url: str
    release: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises MissingVariables."""
    missing = [name for name in REQUIRED if not environment.get(name)]
    if missing:
        raise MissingVariables(f"missing environment variables: {', '.join(missing)}")
    return Settings(
        database_url=environment["DATABASE_URL"],
        session_secret=environment["SESSION_SECRET"],
        queue_url=environment["QUEUE_URL_JOBS"],
        release=environment.get("RELEASE", "unknown"),
    )
