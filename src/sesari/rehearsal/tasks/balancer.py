"""The loopback load balancer: one listener per target group, health checks that decide who gets requests, draining.

It runs on an event loop in a thread of the emulator's process; every public method may be called from any thread.
Waits are shorter than AWS's, what they wait for is the same: a new target serves after its first good check.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config

from sesari.rehearsal.serving import LOOPBACK, listen
from sesari.rehearsal.tasks.health import Check, Health, Streak, matches

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_FIRST_PAUSE = 0.1
_ANSWER_SECONDS = 60.0  # AWS's idle timeout
# Headers that are of one connection only (RFC 9110, 7.6.1).
_OF_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)


@dataclass
class Target:
    """One task behind the balancer. `flying` counts its requests under way."""

    group: str
    port: int
    check: Check
    health: Health = Health.INITIAL
    flying: int = 0
    reason: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"


class Balancer:
    """`on_unhealthy` is told, in a thread of its own, when a target that served stops passing its checks."""

    def __init__(self, wanted_ports: dict[str, int], on_unhealthy: Callable[[Target], None]) -> None:
        self._wanted = wanted_ports
        self._on_unhealthy = on_unhealthy
        self._groups: dict[str, list[Target]] = {}
        self._ports: dict[str, int] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._turn = itertools.count()
        self._thread = threading.Thread(target=self._run, daemon=True, name="sesari-balancer")
        self._thread.start()

    def open(self, group: str) -> int:
        """The port of the group's listener, which is opened when it is not yet. It stays, also without targets."""
        with self._lock:
            if group not in self._ports:
                listener = listen(self._wanted.get(group, 0))
                self._ports[group] = listener.getsockname()[1]
                self._groups.setdefault(group, [])
                config = Config()
                config.bind = [f"fd://{listener.detach()}"]
                config.keep_alive_timeout = 75
                config.graceful_timeout = 0.2
                config.errorlog = None
                application: Any = _Front(self, group)
                self._begin(serve(application, config, shutdown_trigger=self._stop.wait))
            return self._ports[group]

    def add(self, group: str, port: int, check: Check) -> Target:
        """A target that gets no request until a check passes."""
        self.open(group)
        target = Target(group, port, check)
        with self._lock:
            self._groups[group].append(target)
        self._begin(self._watch(target))
        return target

    def wait(self, target: Target, seconds: float) -> Health:
        """Until it is healthy or gone, at most `seconds`; then it is unhealthy."""
        with target.changed:
            target.changed.wait_for(lambda: target.health is not Health.INITIAL, seconds)
            if target.health is Health.INITIAL:
                _change(target, Health.UNHEALTHY)
            return target.health

    def drain(self, target: Target, seconds: float) -> None:
        """No new request from now on; returns when those under way are answered, or after `seconds`."""
        with self._lock:
            if target in self._groups.get(target.group, []):
                self._groups[target.group].remove(target)
        with target.changed:
            _change(target, Health.DRAINING)
            target.changed.wait_for(lambda: target.flying == 0, seconds)

    def choose(self, group: str, tried: set[int]) -> Target | None:
        """The next healthy target that was not tried, counted as flying; None when there is none."""
        with self._lock:
            ready = [one for one in self._groups[group] if one.health is Health.HEALTHY and one.port not in tried]
            if not ready:
                return None
            target = ready[next(self._turn) % len(ready)]
            with target.changed:
                target.flying += 1
            return target

    def landed(self, target: Target) -> None:
        """A request of `choose` is over."""
        with target.changed:
            target.flying -= 1
            target.changed.notify_all()

    def ports(self) -> dict[str, int]:
        """Group to listening port."""
        with self._lock:
            return dict(self._ports)

    def targets(self, group: str) -> tuple[Target, ...]:
        with self._lock:
            return tuple(self._groups.get(group, ()))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(2)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._stop.wait())
        # Listeners end their connections, then everything that still waits is dropped.
        self._loop.run_until_complete(asyncio.sleep(0.3))

    async def _watch(self, target: Target) -> None:
        """Check until it drains. Unhealthy only counts once it was healthy: before that `wait` has the say."""
        streak = Streak(target.check.unhealthy_after)
        async with _client(target.check.timeout) as client:
            while target.health is not Health.DRAINING:
                target.reason = await _ask(client, target)
                verdict = streak.take(passed=not target.reason)
                if verdict is Health.HEALTHY and target.health is Health.INITIAL:
                    with target.changed:
                        _change(target, Health.HEALTHY)
                elif verdict is Health.UNHEALTHY and target.health is Health.HEALTHY:
                    with target.changed:
                        _change(target, Health.UNHEALTHY)
                    threading.Thread(target=self._on_unhealthy, args=(target,), daemon=True).start()
                pause = _FIRST_PAUSE if target.health is Health.INITIAL else target.check.interval
                await asyncio.sleep(pause)


def _change(target: Target, health: Health) -> None:
    # Held by the caller: the condition's lock.
    if target.health is not Health.DRAINING:
        target.health = health
        target.changed.notify_all()


async def _ask(client: httpx.AsyncClient, target: Target) -> str:
    """Empty when the check passed, else why not."""
    try:
        answer = await client.get(f"http://{target.address}{target.check.path}")
    except httpx.TimeoutException:
        return "Request timed out"
    except httpx.HTTPError as problem:
        return f"{type(problem).__name__}"
    if matches(target.check.codes, answer.status_code):
        return ""
    return f"Health checks failed with these codes: [{answer.status_code}]"


def _client(seconds: float) -> httpx.AsyncClient:
    # A connection for each request: an idle one that the task closes just now would fail somebody's request.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=seconds, trust_env=False, limits=limits)


class _Front:
    """The ASGI application of one listener: hands each request to a healthy target."""

    def __init__(self, balancer: Balancer, group: str) -> None:
        self._balancer = balancer
        self._group = group
        self._client = _client(_ANSWER_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is balanced")
        body = await _body(receive)
        tried: set[int] = set()
        while target := self._balancer.choose(self._group, tried):
            tried.add(target.port)
            try:
                await self._forward(target, scope, body, send)
                return
            except httpx.ConnectError:
                continue  # it never got the request: another target may have it
            except httpx.TimeoutException:
                return await _answer(send, 504, b"Gateway Time-out")
            except httpx.HTTPError:
                return await _answer(send, 502, b"Bad Gateway")
            finally:
                self._balancer.landed(target)
        await _answer(send, 502 if tried else 503, b"Bad Gateway" if tried else b"Service Temporarily Unavailable")

    async def _forward(self, target: Target, scope: Scope, body: bytes, send: Send) -> None:
        query = scope.get("query_string", b"")
        path = scope.get("raw_path") or scope["path"].encode()
        url = httpx.URL(f"http://{target.address}", raw_path=path + (b"?" + query if query else b""))
        headers = [(name, value) for name, value in scope["headers"] if name not in _OF_CONNECTION]
        client = (scope.get("client") or (LOOPBACK,))[0]
        headers += [(b"x-forwarded-for", str(client).encode()), (b"x-forwarded-proto", b"http")]
        request = self._client.build_request(scope["method"], url, headers=headers, content=body)
        answer = await self._client.send(request, stream=True)
        try:
            kept = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _OF_CONNECTION]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
            async for piece in answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


async def _body(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _answer(send: Send, status: int, text: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
