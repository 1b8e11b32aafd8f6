"""What a product is: the manifest, and one environment of it with every override applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ServiceKind = Literal["web", "api", "worker"]
Target = Literal["vercel", "ecs"]
Nat = Literal["none", "single", "per_zone"]


@dataclass(frozen=True, slots=True)
class Size:
    """Fargate task size. `cpu` in CPU units (1024 = one vCPU), `memory` in MiB."""

    cpu: int
    memory: int


@dataclass(frozen=True, slots=True)
class Scale:
    """How many tasks. `latency` (seconds): how long a job may wait, workers only. `spot`: share 0..1 on Spot."""

    min: int
    max: int
    latency: int | None = None
    spot: float = 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """One deployable part of the product.

    `port` and `health` are set for `api`; `queue` and `scale.latency` for `worker`. `variables` are plain
    values, never secrets; `secrets` are names this service reads, and it reads no other.
    """

    name: str
    kind: ServiceKind
    target: Target
    path: str
    port: int | None
    health: str | None
    queue: str | None
    size: Size | None
    scale: Scale | None
    variables: Mapping[str, str]
    secrets: tuple[str, ...]
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue with its dead letters. `visibility` and `retention` in seconds; `retries` before dead."""

    name: str
    visibility: int
    retries: int
    retention: int


@dataclass(frozen=True, slots=True)
class Database:
    """A Supabase Postgres project. `instance` is Supabase's size name; `migrations` a folder of SQL files."""

    target: Literal["supabase"]
    instance: str
    migrations: str


@dataclass(frozen=True, slots=True)
class SecretName:
    """The name of a secret, never its value. `rotate` in days, None when it is not rotated on a schedule."""

    name: str
    rotate: int | None
    description: str | None


@dataclass(frozen=True, slots=True)
class Network:
    """The private range of an environment and how its tasks reach the internet."""

    cidr: str
    nat: Nat


@dataclass(frozen=True, slots=True)
class Environment:
    """One isolated environment with every override applied: what the stack is made from.

    `account` is a 12-digit AWS account; `vercel_team` and `supabase_organization` are the provider's ids (None
    where the product does not use that provider). `allow_destroy` names resource addresses or Terraform types
    whose deletion or replacement the manifest allows while `protect` is set. `alarm_emails` get the alarms.
    `shared_account`: stated on purpose that other environments are in the same account.
    """

    name: str
    account: str
    region: str
    protect: bool
    network: Network
    vercel_team: str | None
    supabase_organization: str | None
    allow_destroy: tuple[str, ...]
    alarm_emails: tuple[str, ...]
    services: Mapping[str, Service]
    queues: Mapping[str, Queue]
    database: Database | None
    secrets: Mapping[str, SecretName]
    shared_account: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """`name` prefixes every cloud resource. `repository` is `owner/name` on GitHub, the OIDC subject's base."""

    name: str
    region: str
    repository: str


@dataclass(frozen=True, slots=True)
class DeliveryStore:
    """Where deliveries are recorded: one bucket per product, in this account and region."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A valid manifest: every reference resolves, every environment is complete. Order is the file's order."""

    product: Product
    delivery: DeliveryStore
    environments: Mapping[str, Environment]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one effective value came from.

    `source` is `default`, a file name, or an environment variable's name; `line` is 1-based for files.
    """

    source: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value of one environment: dotted `key`, `value`, the winner, what it overrode (nearest first)."""

    key: str
    value: object
    origin: Origin
    overrode: tuple[tuple[Origin, object], ...] = ()
