"""One file per group of AWS services: how their Terraform types live in the emulator."""

from __future__ import annotations

from sesari.rehearsal.aws.resource import Resource
from sesari.rehearsal.aws.types import (
    balancing,
    containers,
    identity,
    keys,
    messaging,
    network,
    observation,
    security,
    storage,
)


def emulated_types() -> dict[str, Resource]:
    """Every Terraform type that the emulator keeps, by name."""
    groups = (balancing, containers, identity, keys, messaging, network, observation, security, storage)
    return {name: resource for group in groups for name, resource in group.RESOURCES.items()}
