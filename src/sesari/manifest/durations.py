"""Durations as people write them: `90s`, `2m`, `12h`, `90d`."""

from __future__ import annotations

from typing import Final

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> int:
    """The seconds of a duration such as `2m`. Raises ValueError when it is none."""
    return int(text[:-1]) * _SECONDS.get(text[-1:], 0) if text[-1:] in _SECONDS else _refuse(text)


def days(text: str) -> int:
    """The days of a duration such as `90d`. Raises ValueError when it is not in days."""
    return int(text[:-1]) if text.endswith("d") else _refuse(text)


def _refuse(text: str) -> int:
    raise ValueError(f"{text!r} is not a duration")
