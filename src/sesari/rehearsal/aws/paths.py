"""Paths of the gateway that are ours, not AWS's."""

from __future__ import annotations

from typing import Final

FAULTS_PATH: Final = "/_sesari/faults"
HEALTH_PATH: Final = "/health"
