"""Effective trees without problems, as the model's values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sesari.manifest.durations import days, seconds
from sesari.manifest.layers import Effective
from sesari.manifest.trees import Tree
from sesari.model.json import Json, JsonObject
from sesari.model.manifest import (
    Database,
    DeliveryStore,
    Environment,
    Manifest,
    Network,
    Product,
    Queue,
    Scale,
    SecretName,
    Service,
    Size,
)


def manifest(environments: Mapping[str, Effective]) -> Manifest:
    """The manifest that checked environments make. At least one: the product is the same in each."""
    first = next(iter(environments.values()))
    product, delivery = first.table("product"), first.table("delivery")
    return Manifest(
        Product(_text(product, "name"), _text(product, "region"), _text(product, "repository")),
        DeliveryStore(_text(delivery, "account"), _text(delivery, "region")),
        {name: _environment(effective) for name, effective in environments.items()},
    )


def resolved(environment: Environment) -> JsonObject:
    """The environment as JSON values in a fixed order of keys: what its digest is made from."""
    plain = _plain(environment)
    return plain if isinstance(plain, dict) else {}


def _environment(effective: Effective) -> Environment:
    tree = effective.tree
    network = effective.table("network")
    domains = effective.table("domains")
    services = {
        name: _service(name, service, domains.get(name))
        for name, service in effective.table("services").items()
        if isinstance(service, dict)
    }
    return Environment(
        name=effective.name,
        account=_text(tree, "account"),
        region=_text(tree, "region"),
        protect=bool(tree["protect"]),
        network=Network(_text(network, "cidr"), _text(network, "nat")),  # type: ignore[arg-type]
        vercel_team=_optional(tree, "vercel_team"),
        supabase_organization=_optional(tree, "supabase_organization"),
        allow_destroy=_texts(tree, "allow_destroy"),
        alarm_emails=_texts(effective.table("alarms"), "emails"),
        services=services,
        queues={name: _queue(name, effective.table("queues", name)) for name in effective.table("queues")},
        database=_database(effective.table("database")) if "database" in tree else None,
        secrets=_secrets(services, effective.table("secrets")),
        shared_account=bool(tree["shared_account"]),
    )


def _service(name: str, tree: Tree, domain: object) -> Service:
    kind = _text(tree, "kind")
    size, scale, variables = tree.get("size"), tree.get("scale"), tree.get("variables")
    tasks = kind != "web"
    return Service(
        name=name,
        kind=kind,  # type: ignore[arg-type]
        target=_text(tree, "target"),  # type: ignore[arg-type]
        path=_text(tree, "path"),
        port=_number(tree, "port") if "port" in tree else None,
        health=_optional(tree, "health"),
        queue=_optional(tree, "queue"),
        size=Size(_number(size, "cpu"), _number(size, "memory")) if tasks and isinstance(size, dict) else None,
        scale=_scale(scale) if tasks and isinstance(scale, dict) else None,
        variables={key: str(value) for key, value in variables.items()} if isinstance(variables, dict) else {},
        secrets=_texts(tree, "secrets"),
        domain=str(domain) if domain is not None else None,
    )


def _scale(tree: Tree) -> Scale:
    latency = tree.get("latency")
    spot = tree.get("spot", 0.0)
    return Scale(
        min=_number(tree, "min"),
        max=_number(tree, "max"),
        latency=seconds(latency) if isinstance(latency, str) else None,
        spot=float(spot) if isinstance(spot, int | float) else 0.0,
    )


def _queue(name: str, tree: Tree) -> Queue:
    visibility, retention = seconds(_text(tree, "visibility")), seconds(_text(tree, "retention"))
    return Queue(name, visibility, _number(tree, "retries"), retention)


def _database(tree: Tree) -> Database:
    return Database("supabase", _text(tree, "instance"), _text(tree, "migrations"))


def _secrets(services: Mapping[str, Service], declared: Tree) -> dict[str, SecretName]:
    """Every secret that a service reads, in the order it is first read, with what is declared of it."""
    found: dict[str, SecretName] = {}
    for name in (name for service in services.values() for name in service.secrets):
        tree = declared.get(name)
        said = tree if isinstance(tree, dict) else {}
        rotate = _optional(said, "rotate")
        found[name] = SecretName(name, days(rotate) if rotate else None, _optional(said, "description"))
    return found


def _text(tree: Tree, key: str) -> str:
    return str(tree[key])


def _optional(tree: Tree, key: str) -> str | None:
    return str(tree[key]) if key in tree else None


def _number(tree: Tree, key: str) -> int:
    value = tree[key]
    return int(value) if isinstance(value, int | float) else 0


def _texts(tree: Tree, key: str) -> tuple[str, ...]:
    value = tree[key]
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _plain(value: object) -> Json:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str) else None
