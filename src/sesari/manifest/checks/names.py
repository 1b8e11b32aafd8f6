"""Names: those Sesari uses itself, those AWS and Vercel refuse, and two that become the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sesari.errors import Problem
from sesari.manifest.layers import Effective
from sesari.manifest.trees import KeyPath

RESERVED_SERVICES: Final = frozenset(
    {"network", "registry", "database", "secrets", "alarms", "cluster"}
    | {"state", "identity", "delivery", "bootstrap", "modules"}
)
RESERVED_ENVIRONMENTS: Final = frozenset({"bootstrap", "modules", "delivery"})
_ACCOUNT: Final = "0" * 12

# AWS's own limits: S3 bucket naming rules, ELBv2 CreateLoadBalancer, IAM quotas, SQS CreateQueue, Vercel projects.
_BUCKET: Final = 63
_BALANCER: Final = 32
_ROLE: Final = 64
_QUEUE: Final = 80
_SECRET: Final = 512
_PROJECT: Final = 100
_BUCKET_STARTS: Final = ("xn--", "sthree-", "amzn-s3-demo-", "aws-")


def reserved_problems(environment: Effective) -> Iterator[Problem]:
    """Names of services and environments that Sesari's own modules and folders have."""
    for name in environment.table("services"):
        if name in RESERVED_SERVICES:
            what = f"A service cannot be called `{name}`"
            why = "a module or folder of the written Terraform has that name"
            yield Problem("manifest-reserved", what, environment.where("services", name), why, _another(name))
    for name in environment.table("queues"):
        if name.endswith("-dead"):
            what = f"A queue cannot be called `{name}`"
            why = "the dead letters of a queue are in a queue with `-dead` behind its name"
            yield Problem("manifest-reserved", what, environment.where("queues", name), why, "Give it another name")
    if environment.name in RESERVED_ENVIRONMENTS:
        what = f"An environment cannot be called `{environment.name}`"
        why = "a folder of the written Terraform has that name"
        yield Problem("manifest-reserved", what, environment.here(), why, "Give it another name")


def _another(name: str) -> str:
    return f"Give it another name, such as `{name}-service`"


def name_problems(environment: Effective) -> Iterator[Problem]:
    """Resource names of one environment that the clouds refuse."""
    product = environment.get("product", "name")
    if not isinstance(product, str):
        return
    prefix = f"{product}-{environment.name}"
    for path, name, limit, thing in _names(environment, product, prefix):
        if len(name) > limit:
            what = f"`{name}` is too long for {thing}"
            why = f"it has {len(name)} characters; the limit is {limit}"
            yield Problem("manifest-name-length", what, _where(environment, path), why, "Use shorter names")
    start = next((start for start in _BUCKET_STARTS if prefix.startswith(start)), None)
    if start:
        what = f"A product cannot be called `{product}`"
        why = f"AWS refuses bucket names and aliases that begin with `{start}`"
        yield Problem("manifest-reserved", what, environment.where("product", "name"), why, "Give it another name")
    if prefix.startswith("internal-"):
        what = f"A product cannot be called `{product}`"
        why = "AWS refuses load balancer names that begin with `internal-`"
        yield Problem("manifest-reserved", what, environment.where("product", "name"), why, "Give it another name")


def _names(environment: Effective, product: str, prefix: str) -> Iterator[tuple[KeyPath, str, int, str]]:
    """Path of the name, the resource's name, its limit, what it is."""
    yield (), f"{prefix}-state-{_ACCOUNT}", _BUCKET, "the state bucket"
    yield (), f"{product}-delivery-{environment.name}", _ROLE, "the delivery role"
    for name, service in environment.table("services").items():
        path, full = ("services", name), f"{prefix}-{name}"
        kind = service.get("kind") if isinstance(service, dict) else None
        if kind == "api":
            yield path, full, _BALANCER, "a load balancer and its target group"
        elif kind == "worker":
            yield path, f"{full}-execution", _ROLE, "an IAM role"
        elif kind == "web":
            yield path, full, _PROJECT, "a Vercel project"
        secrets = service.get("secrets") if isinstance(service, dict) else None
        for index, secret in enumerate(secrets if isinstance(secrets, list) else ()):
            yield (*path, "secrets", index), f"{product}/{environment.name}/{secret}", _SECRET, "a secret"
    for name in environment.table("queues"):
        yield ("queues", name), f"{prefix}-{name}-dead", _QUEUE, "an SQS queue"


def _where(environment: Effective, path: KeyPath) -> str:
    return environment.where(*path) if path else environment.here()


def collision_problems(environments: Sequence[Effective]) -> Iterator[Problem]:
    """Two services of two environments whose resources would have one name: `a-b` + `c` and `a` + `b-c`."""
    hyphened = [environment for environment in environments if "-" in environment.name]
    if not hyphened:
        return
    owners: dict[str, tuple[Effective, str]] = {}
    for environment in environments:
        for service in environment.table("services"):
            other = owners.setdefault(f"{environment.name}-{service}", (environment, service))
            if other != (environment, service):
                yield Problem(
                    "manifest-collision",
                    f"`{service}` in `{environment.name}` and `{other[1]}` in `{other[0].name}` get the same name",
                    environment.here(),
                    f"the resources of both begin with `{environment.name}-{service}`",
                    "Rename one of the environments",
                )
