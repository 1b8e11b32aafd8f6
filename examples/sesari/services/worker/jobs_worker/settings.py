"""What the worker needs from its environment; secrets arrive as variables from the secret manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REQUIRED = ("DATABASE_URL", "QUEUE_URL")
SUMMARIZERS = ("extract", "openai")


class WrongSettings(Exception):
    """Says everything that is wrong with the environment at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Secrets stay out of `repr`: it ends up in logs."""

    database_url: str = field(repr=False)
    openai_api_key: str = field(repr=False)
    queue_url: str
    summarizer: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises WrongSettings."""
    summarizer = environment.get("SUMMARIZER", "extract")
    required = (*REQUIRED, "OPENAI_API_KEY") if summarizer == "openai" else REQUIRED
    missing = [name for name in required if not environment.get(name)]
    problems = [f"missing environment variables: {', '.join(missing)}"] if missing else []
    if summarizer not in SUMMARIZERS:
        problems.append(f"SUMMARIZER is one of {', '.join(SUMMARIZERS)}, not {summarizer!r}")
    if problems:
        raise WrongSettings("; ".join(problems))
    return Settings(
        database_url=environment["DATABASE_URL"],
        openai_api_key=environment.get("OPENAI_API_KEY", ""),
        queue_url=environment["QUEUE_URL"],
        summarizer=summarizer,
    )
