"""One HTTP request, measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

_LONGEST_BODY = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None when there was no answer, then `error` says why. `body` is its first 64 KiB."""

    status: int | None
    seconds: float
    body: str = ""
    error: str = ""


class HttpProbe:
    """Follows no redirect: what answers is what was asked. Every request is one connection, as of a new visitor."""

    def __init__(self, timeout: float = 10.0) -> None:
        self._timeout = timeout

    def get(self, url: str) -> Answer:
        """Never raises for what the other side does."""
        local = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        begun = time.perf_counter()
        try:
            with (
                httpx.Client(timeout=self._timeout, trust_env=not local) as client,
                client.stream("GET", url) as answer,
            ):
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) >= _LONGEST_BODY:
                        break
                text = body[:_LONGEST_BODY].decode("utf-8", "replace")
                return Answer(answer.status_code, time.perf_counter() - begun, text)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(None, time.perf_counter() - begun, error=f"{type(error).__name__}: {error}")
