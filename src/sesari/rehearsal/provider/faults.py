"""Failures on purpose: which call fails, and how the user sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sesari.rehearsal.provider.backend import ProviderError

Operation = Literal["create", "read", "update", "delete", "find", "data"]
FaultKind = Literal["AccessDenied", "Throttling", "Timeout", "ServerError"]

STATUS = {"AccessDenied": 403, "Throttling": 400, "Timeout": 0, "ServerError": 500}
EC2 = {"vpc", "subnet", "route", "eip", "nat", "internet", "network", "security", "flow"}
EC2_TYPES = {"aws_default_security_group"}
VERBS = {
    "create": "creating",
    "read": "reading",
    "update": "updating",
    "delete": "deleting",
    "find": "importing",
    "data": "reading",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned failure. `type` is a resource type, a prefix of one ending in `*`, or `*`.

    It strikes the `nth` matching call (0: every one): waits `hang_seconds`, then kills the daemon if `kill`, else
    raises `error` if there is one. Counted by `name`.
    """

    name: str
    type: str
    operation: Operation | Literal["*"]
    nth: int
    error: FaultKind | None
    hang_seconds: float
    kill: bool

    def matches(self, type: str, operation: Operation) -> bool:
        """Whether a call is one of those that this fault counts."""
        if self.operation not in ("*", operation):
            return False
        return type.startswith(self.type[:-1]) if self.type.endswith("*") else type == self.type


def parse_faults(text: str) -> tuple[Fault, ...]:
    """A fault file: a JSON list of objects, or one object. Raises ValueError naming what is wrong."""
    document = json.loads(text)
    entries = [document] if isinstance(document, dict) else document
    return tuple(_fault(i, entry) for i, entry in enumerate(entries))


def _fault(index: int, raw: Mapping[str, Any]) -> Fault:
    operation, error = raw.get("operation", "*"), raw.get("error")
    if operation != "*" and operation not in get_args(Operation):
        raise ValueError(
            f"fault {index}: {operation!r} is no operation; expected one of {', '.join(get_args(Operation))}"
        )
    if error is not None and error not in STATUS:
        raise ValueError(f"fault {index}: {error!r} is no error; expected one of {', '.join(STATUS)}")
    type = str(raw["type"])
    nth = int(raw.get("nth", 1))
    return Fault(
        name=str(raw.get("name") or f"{type}/{operation}/{nth}/{index}"),
        type=type,
        operation=operation,
        nth=nth,
        error=error,
        hang_seconds=float(raw.get("hang_seconds", 0)),
        kill=bool(raw.get("kill", False)),
    )


def fault_error(kind: FaultKind, type: str, operation: Operation, caller: str) -> ProviderError:
    """An error of a cloud, worded as the real provider words it. `caller` is the ARN that was refused."""
    words = " ".join(part.upper() if len(part) < 4 else part.capitalize() for part in type.split("_")[1:])
    summary = f"{VERBS[operation]} {words}"
    if not type.startswith("aws_"):
        return ProviderError(f"Error {summary}", f"Could not complete the request: {_http(kind)}")
    service, kind_of_thing = service_of(type)
    call = "".join(part.capitalize() for part in (operation, *kind_of_thing.split("_")))
    request = "00000000-0000-4000-8000-000000000000"
    if kind == "Timeout":
        cause = "exceeded maximum number of attempts, 25, https response error: context deadline exceeded"
    else:
        cause = (
            f"https response error StatusCode: {STATUS[kind]}, RequestID: {request}, "
            f"{_api(kind, service, call, caller)}"
        )
    return ProviderError(f"{summary}: operation error {service.upper()}: {call}, {cause}")


def service_of(type: str) -> tuple[str, str]:
    """An aws type's service and the rest of its name; EC2's types do not say that they are EC2's."""
    service, _, rest = type.removeprefix("aws_").partition("_")
    if service in EC2 or type in EC2_TYPES:
        return "ec2", type.removeprefix("aws_")
    return service, rest or service


def _api(kind: FaultKind, service: str, call: str, caller: str) -> str:
    if kind == "AccessDenied":
        return f"api error AccessDeniedException: User: {caller} is not authorized to perform: {service}:{call}"
    if kind == "Throttling":
        return "api error ThrottlingException: Rate exceeded"
    return "api error InternalServerError: The server encountered an internal error"


def _http(kind: FaultKind) -> str:
    return {
        "AccessDenied": "403 forbidden: not authorized",
        "Throttling": "429 too_many_requests: rate limited",
        "Timeout": "context deadline exceeded",
    }.get(kind, "500 internal_server_error: internal server error")
