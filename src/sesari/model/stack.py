"""What an environment should have: module calls with their inputs, before they are rendered to Terraform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Reference:
    """A Terraform expression to be written without quotes, such as `module.network.vpc_id`."""

    expression: str


Value: TypeAlias = bool | int | float | str | Reference | tuple["Value", ...] | Mapping[str, "Value"] | None


@dataclass(frozen=True, slots=True)
class ModuleCall:
    """One `module` block: `source` is the module's folder name below `infra/modules/`.

    `service` is the manifest's service that it belongs to, None for shared parts.
    """

    name: str
    source: str
    inputs: Mapping[str, Value]
    service: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderPin:
    """One exactly pinned provider with its configuration: `source` such as `hashicorp/aws`.

    A mapping at the top of `configuration` is a nested block (`default_tags`), anything else an argument.
    """

    name: str
    source: str
    version: str
    configuration: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backend:
    """The S3 backend of one root: bucket, key of the state object, region, KMS key (alias ARN)."""

    bucket: str
    key: str
    region: str
    kms_key_id: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One root: everything that `render` needs to write its files. A root has no variables: it is planned as it is.

    `directory` is relative to `infra/` (`staging`, `bootstrap/staging`).
    """

    directory: str
    environment: str
    account: str
    region: str
    providers: tuple[ProviderPin, ...]
    backend: Backend
    modules: tuple[ModuleCall, ...]
    outputs: Mapping[str, Value]

    @property
    def service_of_module(self) -> dict[str, str | None]:
        """Module call name to service name: how a plan's addresses find their service."""
        return {module.name: module.service for module in self.modules}
