"""Vercel's REST API as a release uses it: one team's token, tried again until a deadline where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from sesari.drivers.identity import VERCEL_API
from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject
from sesari.model.secret import Secret

_TIMEOUT: Final = 30.0
_LONGEST_PAUSE: Final = 20.0
_LISTED: Final = 100


class Vercel:
    """The API for one team. `seconds` is how long a call may be tried again. Close it."""

    def __init__(
        self,
        variables: Mapping[str, str],
        team: str,
        seconds: float = 120.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        token = variables.get("VERCEL_API_TOKEN")
        if not token:
            hint = "Set VERCEL_API_TOKEN to this environment's token"
            raise SesariError(Problem("token-missing", "There is no token for Vercel", "VERCEL_API_TOKEN", hint=hint))
        self._base = variables.get("SESARI_VERCEL_API", VERCEL_API).rstrip("/")
        self._token = Secret(token)
        # A team is named by its id or by its slug, each with its own parameter.
        self._team = {"teamId" if team.startswith("team_") else "slug": team}
        self._seconds, self._now, self._sleep = seconds, now, sleep
        self._client = httpx.Client(timeout=_TIMEOUT, limits=httpx.Limits(max_connections=16))

    @property
    def scheme(self) -> str:
        """Of deployments' addresses, which the API gives without one: the API's own."""
        return urlsplit(self._base).scheme

    def project(self, name: str) -> JsonObject:
        """A project by name or id, with its last promotion. Raises SesariError, `vercel-unknown` when there is none."""
        return self._need("GET", f"/v9/projects/{quote(name)}", {"rollbackInfo": "true"})

    def deployments(self, project: str, meta: Mapping[str, str]) -> JsonObject:
        """The project's newest deployments that carry this meta. Raises SesariError."""
        named = {f"meta-{name}": value for name, value in meta.items()}
        return self._need("GET", "/v6/deployments", {"projectId": project, "limit": str(_LISTED), **named})

    def deployment(self, id: str) -> JsonObject:
        """One deployment. Raises SesariError."""
        return self._need("GET", f"/v13/deployments/{quote(id)}")

    def create(self, body: JsonObject) -> JsonObject | None:
        """Ask for a deployment: it, the error that names missing files, or None when nobody knows whether it was made.

        Raises SesariError for any other refusal.
        """
        query = {"prebuilt": "1", "skipAutoDetectionConfirmation": "1", "forceNew": "1"}
        answer = self._ask("POST", "/v13/deployments", query, json=body, twice=False)
        if answer is None:
            return None
        value = _object(answer)
        error = value.get("error")
        if answer.status_code == 400 and isinstance(error, dict) and error.get("code") == "missing_files":
            return value
        return self._accepted(answer, "POST", "/v13/deployments")

    def upload(self, sha1: str, body: bytes) -> None:
        """Send a content under its SHA-1; sent twice it is the same. Raises SesariError."""
        headers = {"Content-Type": "application/octet-stream", "x-vercel-digest": sha1}
        answer = self._ask("POST", "/v2/files", {}, content=body, headers=headers)
        self._accepted(answer, "POST", "/v2/files")

    def promote(self, project: str, deployment: str) -> None:
        """Ask that the project's domains show the deployment; it happens later. Raises SesariError."""
        self._move("promote", "v10", project, deployment)

    def roll_back(self, project: str, deployment: str) -> None:
        """Ask that the domains show a deployment again that they showed before. Raises SesariError."""
        self._move("rollback", "v9", project, deployment)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Vercel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _move(self, word: str, version: str, project: str, deployment: str) -> None:
        path = f"/{version}/projects/{quote(project)}/{word}/{quote(deployment)}"
        answer = self._ask("POST", path, {}, json={})
        # 409: it is there, or on its way there, already: an earlier try of ours. What is seen next decides.
        if answer is None or answer.status_code != 409:
            self._accepted(answer, "POST", path)

    def _need(self, method: str, path: str, query: Mapping[str, str] | None = None) -> JsonObject:
        return self._accepted(self._ask(method, path, query or {}), method, path)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        twice: bool = True,
    ) -> httpx.Response | None:
        """The answer, tried again until the deadline; None when there was none. With `twice` false a call of which the
        outcome is unknown (a 5xx, a lost connection) is not repeated: then it is None as well.
        """
        end, attempt = self._now() + self._seconds, 0
        while True:
            answer = self._once(method, path, query, json, content, headers or {})
            unknown = answer is None or answer.status_code >= 500
            if not unknown and answer is not None and answer.status_code != 429:
                return answer
            if unknown and not twice:
                return None
            pause = _pause(answer, attempt)
            if self._now() + pause >= end:
                return answer
            self._sleep(pause)
            attempt += 1

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        json: Any,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> httpx.Response | None:
        secret = {"Authorization": f"Bearer {self._token.reveal()}"}
        parameters = {**self._team, **query}
        sent = {**headers, **secret}
        try:
            return self._client.request(
                method, self._base + path, params=parameters, json=json, content=content, headers=sent
            )
        except httpx.TransportError:
            return None

    def _accepted(self, answer: httpx.Response | None, method: str, path: str) -> JsonObject:
        where = self._base + path
        if answer is None:
            hint = "Check the network, then run the command again: what was done is not done twice"
            raise SesariError(Problem("vercel-unreachable", "Vercel could not be reached", where, hint=hint))
        if answer.status_code < 300:
            return _object(answer)
        raise SesariError(_refusal(answer, method, where))


def _refusal(answer: httpx.Response, method: str, where: str) -> Problem:
    error = _object(answer).get("error")
    told = error if isinstance(error, dict) else {}
    why = f"{method} answered {answer.status_code}: {told.get('code', '')} {told.get('message', '')}".strip()
    status = answer.status_code
    if status in (401, 403):
        hint = "VERCEL_API_TOKEN must be of this environment's team"
        return Problem("vercel-denied", "Vercel denied the request", where, why, hint)
    if status == 404:
        hint = "`sesari plan` and `sesari apply` make the project; is this the right environment?"
        return Problem("vercel-unknown", "Vercel does not know this", where, why, hint)
    if status == 429 or status >= 500:
        what = "Vercel's rate limit was not lifted in time" if status == 429 else "Vercel did not recover in time"
        hint = "Run the command again later: what was done is not done twice"
        return Problem("vercel-busy", what, where, why, hint)
    return Problem("vercel-refused", "Vercel refused the request", where, why)


def _pause(answer: httpx.Response | None, attempt: int) -> float:
    """As long as the answer asks for, else longer each time; never all clients at once."""
    if answer is not None and answer.status_code == 429:
        asked = _seconds(answer.headers.get("retry-after"))
        if asked is None and (reset := _seconds(answer.headers.get("x-ratelimit-reset"))) is not None:
            asked = max(0.0, reset - time.time())
        if asked is not None:
            return min(asked, _LONGEST_PAUSE) + random.uniform(0, 0.1)  # noqa: S311  (spreads clients, hides nothing)
    longer: float = min(0.2 * 2.0**attempt, _LONGEST_PAUSE)
    return longer * random.uniform(0.8, 1.2)  # noqa: S311


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _object(answer: httpx.Response) -> JsonObject:
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
