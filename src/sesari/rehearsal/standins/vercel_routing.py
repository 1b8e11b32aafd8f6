"""PURE: where a request to a deployment goes, by the routes of its Build Output (version 3).

Source: https://vercel.com/docs/build-output-api/configuration. Of its phases, `resource` comes last. Middleware is not
run: a route that names one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

PHASES: Final = ("", "filesystem", "miss", "rewrite", "resource", "error", "hit")


@dataclass(frozen=True, slots=True)
class Output:
    """What a deployment has: `static` and `functions` by URL path without the first slash, routes by phase.

    `static` gives the file and its content type (None: by its name); `functions` the function's folder; `prerendered`
    the description of what was rendered while building.
    """

    static: Mapping[str, tuple[str, str | None]]
    functions: Mapping[str, str]
    prerendered: Mapping[str, Mapping[str, Any]]
    routes: Mapping[str, tuple[Mapping[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. Header names are in lower case; `query` is the text after the question mark."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Where it goes. `name` is the file's, the function's or the prerendered page's path; `matched` what the function
    is told; `kept` names headers that win over the function's own. `status` None: the answer's own.
    """

    kind: Literal["static", "function", "prerender", "redirect", "none"]
    name: str = ""
    matched: str = ""
    query: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()


def by_phase(routes: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """The routes under the `handle` that they follow."""
    found: dict[str, list[Mapping[str, Any]]] = {phase: [] for phase in PHASES}
    phase = ""
    for route in routes:
        if "handle" in route:
            phase = str(route["handle"])
            found.setdefault(phase, [])
        elif "middlewarePath" in route:
            raise ValueError("the offline Vercel runs no middleware")
        else:
            found[phase].append(route)
    return {name: tuple(listed) for name, listed in found.items()}


def resolve(output: Output, asked: Asked) -> Answer:
    """One request through the phases."""
    walk = _Walk(output, asked)
    if walk.phase(""):
        return walk.redirect()
    for phase in ("filesystem", "miss", "rewrite", "resource"):
        found = walk.found()
        if found is not None:
            return walk.hit(found)
        if walk.phase(phase) and walk.status in (301, 302, 303, 307, 308):
            return walk.redirect()
    found = walk.found()
    return walk.hit(found) if found is not None else failed(output, asked, 404, walk.headers)


def failed(output: Output, asked: Asked, status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """The deployment's own page for an error, or none."""
    walk = _Walk(output, asked)
    walk.headers = dict(headers or {})
    for route in output.routes.get("error", ()):
        if route.get("status") in (None, status) and walk.matches(route) is not None:
            walk.path = str(route.get("dest", walk.path))
            walk.headers |= {name.lower(): value for name, value in (route.get("headers") or {}).items()}
            found = walk.found()
            if found is not None:
                return Answer(found[0], found[1], found[1], "", status, walk.headers)
    return Answer("none", status=status, headers=walk.headers)


class _Walk:
    """Where a request is on its way: its path so far, and the headers and status that it has collected."""

    def __init__(self, output: Output, asked: Asked) -> None:
        self._output, self._asked = output, asked
        self.path, self.query = asked.path, asked.query
        self.headers: dict[str, str] = {}
        self.kept: set[str] = set()
        self.status: int | None = None

    def phase(self, name: str) -> bool:
        """Go through a phase's routes; True when one of them ended it with a redirect."""
        for route in self._output.routes.get(name, ()):
            match = self.matches(route)
            if match is None:
                continue
            self._apply(route, match)
            if self.status in (301, 302, 303, 307, 308) and "location" in self.headers:
                return True
            if route.get("continue"):
                continue
            if not route.get("check") or self.found() is not None:
                break
        return False

    def matches(self, route: Mapping[str, Any]) -> re.Match[str] | None:
        if route.get("methods") and self._asked.method not in route["methods"]:
            return None
        if not all(self._holds(one) for one in route.get("has") or ()):
            return None
        if any(self._holds(one) for one in route.get("missing") or ()):
            return None
        return re.match(_python(_anchored(str(route["src"]))), self.path)

    def found(self) -> tuple[Literal["static", "function", "prerender"], str] | None:
        """What lies at the path."""
        name = self.path.strip("/")
        for one in (name,) if name else ("index", "index.html"):
            if one in self._output.static:
                return "static", one
            if one in self._output.prerendered and self._asked.method in ("GET", "HEAD"):
                return "prerender", one
            if one in self._output.functions:
                return "function", one
        return ("static", f"{name}/index.html") if f"{name}/index.html" in self._output.static else None

    def hit(self, found: tuple[Literal["static", "function", "prerender"], str]) -> Answer:
        self.path = f"/{found[1]}"
        status, self.status = self.status, None
        self.phase("hit")
        matched = self.headers.get("x-matched-path", "/" if found[1] == "index" else f"/{found[1]}")
        return Answer(*found, matched, self.query, status, self.headers, frozenset(self.kept))

    def redirect(self) -> Answer:
        return Answer("redirect", status=self.status, headers=self.headers)

    def _apply(self, route: Mapping[str, Any], match: re.Match[str]) -> None:
        for name, value in (route.get("headers") or {}).items():
            self.headers[name.lower()] = _filled(str(value), match)
            if route.get("important"):
                self.kept.add(name.lower())
        if route.get("status"):
            self.status = int(route["status"])
        if route.get("dest") and self.status not in (301, 302, 303, 307, 308):
            path, _, more = _filled(str(route["dest"]), match).partition("?")
            self.path = path if path.startswith("/") else f"/{path}"
            if more:
                pairs = [*parse_qsl(self.query, keep_blank_values=True), *parse_qsl(more, keep_blank_values=True)]
                self.query = urlencode(pairs)

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        kind, key = condition.get("type"), str(condition.get("key", "")).lower()
        if kind == "header":
            value = self._asked.headers.get(key)
        elif kind == "host":
            value = self._asked.headers.get("host")
        elif kind == "query":
            value = dict(parse_qsl(self._asked.query, keep_blank_values=True)).get(str(condition.get("key")))
        elif kind == "cookie":
            value = _cookies(self._asked.headers.get("cookie", "")).get(str(condition.get("key")))
        else:
            return False
        wanted = condition.get("value")
        return value is not None and (not isinstance(wanted, str) or re.fullmatch(_python(wanted), value) is not None)


def _anchored(pattern: str) -> str:
    return f"{'' if pattern.startswith('^') else '^'}{pattern}{'' if pattern.endswith('$') else '$'}"


def _python(pattern: str) -> str:
    """JavaScript's named groups are Python's but for a letter."""
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern)


def _filled(text: str, match: re.Match[str]) -> str:
    groups = match.groupdict()

    def value(reference: re.Match[str]) -> str:
        name = reference[1]
        if name.isdigit():
            return match.group(int(name)) or "" if int(name) <= len(match.groups()) else ""
        return groups.get(name) or "" if name in groups else reference[0]

    return re.sub(r"\$(\d+|[A-Za-z_]\w*)", value, text)


def _cookies(text: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name: value for name, _, value in pairs if name}
