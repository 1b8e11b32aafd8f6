"""PURE: planned failures of the emulated AWS, by service, operation and nth call, in each protocol's own words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args
from xml.sax.saxutils import escape

from sesari.model.json import JsonObject
from sesari.rehearsal.aws.requests import AwsCall, Protocol

FaultKind = Literal["AccessDenied", "Throttling", "InternalError", "delay", "drop"]
_STATUS = {"AccessDenied": 403, "Throttling": 400, "InternalError": 500}
_S3_THROTTLED = ("SlowDown", 503)
_MESSAGE = {
    "AccessDenied": "User is not authorized to perform: {service}:{operation} (planned fault)",
    "Throttling": "Rate exceeded (planned fault)",
    "InternalError": "We encountered an internal error. Please try again. (planned fault)",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Fail `operation` of `service` (signing name; `*` matches any) at its `nth` call from now, `times` times.

    `nth` is 1-based; `times` 0 means every call from the nth on. `seconds` is how long a `delay` waits before the
    call goes through; `drop` closes the connection without an answer. `account` limits it to one account.
    """

    service: str
    operation: str
    kind: FaultKind
    nth: int = 1
    times: int = 1
    seconds: float = 0.0
    account: str | None = None

    @staticmethod
    def from_json(value: JsonObject) -> Fault:
        """Raises ValueError or TypeError when the object is no fault."""
        fault = Fault(**value)  # type: ignore[arg-type]
        if fault.kind not in get_args(FaultKind):
            raise ValueError(f"unknown kind of fault: {fault.kind}")
        return fault

    def to_json(self) -> JsonObject:
        return asdict(self)


@dataclass(slots=True)
class FaultBook:
    """The faults in force, each with the number of matching calls seen so far."""

    entries: list[tuple[Fault, int]] = field(default_factory=list)

    def replace(self, faults: Iterable[Fault]) -> None:
        self.entries = [(fault, 0) for fault in faults]

    def next(self, call: AwsCall, account: str) -> Fault | None:
        """Counts this call and gives the first fault that strikes it."""
        struck: Fault | None = None
        for index, (fault, seen) in enumerate(self.entries):
            if not _matches(fault, call, account):
                continue
            self.entries[index] = (fault, seen + 1)
            due = fault.nth <= seen + 1 and (fault.times == 0 or seen + 1 < fault.nth + fault.times)
            struck = struck or (fault if due else None)
        return struck


def _matches(fault: Fault, call: AwsCall, account: str) -> bool:
    return (
        fault.service in ("*", call.service)
        and fault.operation in ("*", call.operation)
        and fault.account in (None, account)
    )


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An HTTP answer that an AWS client understands as an error."""

    status: int
    content_type: str
    body: bytes


def fault_answer(fault: Fault, call: AwsCall) -> ErrorAnswer:
    """The error a client gets for one of the three failing kinds."""
    message = _MESSAGE[fault.kind].format(service=call.service, operation=call.operation)
    code, status = fault.kind, _STATUS[fault.kind]
    if call.protocol == "s3" and fault.kind == "Throttling":
        return error_answer("s3", *_S3_THROTTLED, message)
    if call.protocol in ("json", "cbor", "rest"):
        code = {"AccessDenied": "AccessDeniedException", "Throttling": "ThrottlingException"}.get(code, code)  # type: ignore[assignment]
    return error_answer(call.protocol, code, status, message)


def error_answer(protocol: Protocol, code: str, status: int, message: str) -> ErrorAnswer:
    """`code` and `message` in the protocol's own shape."""
    if protocol in ("json", "rest"):
        body = json.dumps({"__type": code, "message": message}).encode()
        return ErrorAnswer(status, "application/x-amz-json-1.1", body)
    if protocol == "cbor":
        return ErrorAnswer(status, "application/cbor", _cbor({"__type": code, "message": message}))
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "s3":
        text = f"<Error>{error}<RequestId>planned</RequestId></Error>"
    elif protocol == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>planned</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>planned</RequestId></ErrorResponse>"
    return ErrorAnswer(status, "text/xml", ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode())


def _cbor(texts: dict[str, str]) -> bytes:
    """A CBOR map of short texts (RFC 8949): all that an error needs."""
    out = bytes([0xA0 | len(texts)])
    for text in (part for pair in texts.items() for part in pair):
        raw = text.encode()
        out += (bytes([0x78, len(raw)]) if len(raw) < 256 else b"\x79" + len(raw).to_bytes(2, "big")) + raw
    return out
