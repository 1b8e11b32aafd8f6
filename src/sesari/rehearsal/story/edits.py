"""Edits of a manifest's text, as a developer would make them: text in, text out."""

from __future__ import annotations

import re
from collections.abc import Callable

from sesari.errors import Problem, SesariError


def longer_visibility(text: str) -> str:
    """A queue's messages stay hidden longer: its queue is updated in place."""
    return _replaced(text, r'^(visibility\s*=\s*")(\d+)(s")', lambda m: f"{m[1]}{int(m[2]) + 60}{m[3]}")


def more_retries(text: str) -> str:
    """A job is tried once more: its queue is updated in place."""
    return _replaced(text, r"^(retries\s*=\s*)(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1}")


def another_port(text: str) -> str:
    """An api listens elsewhere: its target group and its task definition are replaced."""
    return _replaced(text, r"^(port\s*=\s*)(\d+)", lambda m: f"{m[1]}{int(m[2]) + 1010}")


def renamed_queue(text: str, name: str) -> str:
    """A queue gets another name, as a developer renames who uses it too: the old one would be deleted."""
    renamed = _replaced(text, rf"^(\[queues\.){re.escape(name)}(\])", lambda m: f"{m[1]}{name}-renamed{m[2]}")
    return _replaced(renamed, rf'^(queue\s*=\s*"){re.escape(name)}(")', lambda m: f"{m[1]}{name}-renamed{m[2]}")


def _replaced(text: str, pattern: str, put: Callable[[re.Match[str]], str]) -> str:
    changed, count = re.subn(pattern, put, text, flags=re.MULTILINE)
    if not count:
        raise SesariError(
            Problem(
                "rehearsal-cannot-edit",
                "The rehearsal edits the product's manifest and finds nothing to change",
                where="sesari.toml",
                why=f"no line matches `{pattern}`",
                hint="Name chapters with --only and leave out edit, refused and broken",
            )
        )
    return changed
