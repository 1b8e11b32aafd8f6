"""The ASGI layer around the emulator: refuses what is not part of the rehearsal, strikes faults, logs every call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TextIO

from sesari.rehearsal.aws.faults import ErrorAnswer, Fault, FaultBook, error_answer, fault_answer
from sesari.rehearsal.aws.paths import FAULTS_PATH, HEALTH_PATH
from sesari.rehearsal.aws.requests import AwsCall, identify

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Signing names of what Sesari uses. A call to any other service once took 19 s and 375 MB inside the emulator.
SERVICES = frozenset(
    {
        "acm",
        "ec2",
        "ecr",
        "ecs",
        "elasticloadbalancing",
        "iam",
        "kms",
        "logs",
        "monitoring",
        "s3",
        "secretsmanager",
        "sns",
        "sqs",
        "sts",
    }
)


class Gateway:
    """An ASGI application. `account_of` tells, after a call, in which account the emulator ran it."""

    def __init__(self, emulator: Application, log: Path, account_of: Callable[[str], str]) -> None:
        self._emulator = emulator
        self._account_of = account_of
        self._faults = FaultBook()
        self._log: TextIO = log.open("a", encoding="utf-8", buffering=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH_PATH or scope["path"].startswith("/v2/"):
            await self._emulator(scope, receive, send)
        elif scope["path"] == FAULTS_PATH:
            await self._control(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET lists the faults and how often each was met; PUT replaces them all."""
        if scope["method"] == "PUT":
            try:
                self._faults.replace([Fault.from_json(entry) for entry in json.loads(await _read(receive))])
            except (TypeError, ValueError) as problem:
                await _answer(send, ErrorAnswer(400, "text/plain", str(problem).encode()))
                return
        entries = [{**fault.to_json(), "seen": seen} for fault, seen in self._faults.entries]
        await _answer(send, ErrorAnswer(200, "application/json", json.dumps(entries).encode()))

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = b""
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            body = await _read(receive)
            receive = _replay(body, receive)
        # Policies that demand TLS are part of what is rehearsed; here the loopback stands for it.
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        call = identify(scope["method"], scope["path"], scope.get("query_string", b"").decode(), headers, body)
        account = self._account_of(call.key)
        status = 0
        try:
            status = await self._serve(call, account, scope, receive, send)
        finally:
            self._record(call, account, status, time.perf_counter() - started)

    async def _serve(self, call: AwsCall, account: str, scope: Scope, receive: Receive, send: Send) -> int:
        """The HTTP status that went out; 0 when the connection was dropped."""
        if call.service not in SERVICES:
            message = f"The offline cloud does not emulate {call.service or 'this request'} ({call.operation})"
            return await _answer(send, error_answer(call.protocol, "NotEmulated", 501, message))
        fault = self._faults.next(call, account)
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind == "drop":
            # A body shorter than announced: the server closes the connection and the client sees it break off.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            raise ConnectionAbortedError("planned fault: drop")
        elif fault is not None:
            return await _answer(send, fault_answer(fault, call))
        return await self._forward(scope, receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._emulator(scope, receive, watch)
        return status

    def _record(self, call: AwsCall, account: str, status: int, seconds: float) -> None:
        entry = {
            "account": account,
            "service": call.service,
            "operation": call.operation,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        self._log.write(json.dumps(entry) + "\n")


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once more, then what the connection gives."""
    replayed = False

    async def again() -> Message:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(send: Send, answer: ErrorAnswer) -> int:
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
    return answer.status
