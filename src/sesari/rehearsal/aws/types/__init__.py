"""One file per group of AWS types: how they live in the emulator."""

from __future__ import annotations

from sesari.rehearsal.aws.resource import Resource
from sesari.rehearsal.aws.types import (
    balancing,
    certificates,
    containers,
    gateways,
    identity,
    images,
    keys,
    listeners,
    network,
    observation,
    queues,
    routes,
    security,
    services,
    storage,
    topics,
)


def emulated_types() -> dict[str, Resource]:
    """Every Terraform type that the emulator keeps, by name."""
    groups = (
        balancing,
        certificates,
        containers,
        gateways,
        identity,
        images,
        keys,
        listeners,
        network,
        observation,
        queues,
        routes,
        security,
        services,
        storage,
        topics,
    )
    return {name: resource for group in groups for name, resource in group.RESOURCES.items()}
