"""PURE: a frontend's build and its way on Vercel: what is uploaded, what an answer says, what comes next.

Source: Vercel's REST API reference and its Build Output API, version 3.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from sesari.errors import Problem, SesariError
from sesari.model.frontend import AliasRequest, BuildFile, Deployment, Readiness, VercelProject
from sesari.model.json import JsonObject
from sesari.model.manifest import Service

PUBLIC: Final = "NEXT_PUBLIC_"
# Where `vercel build` writes, and what describes a function there.
OUTPUT: Final = ".vercel/output"
FUNCTION: Final = ".vc-config.json"
_FAILED: Final = {"ERROR": "its build failed", "CANCELED": "it was cancelled", "DELETED": "it was deleted"}


def public_variables(service: Service) -> dict[str, str]:
    """The variables that Next.js writes into a build, so that another value needs another build."""
    return {name: value for name, value in sorted(service.variables.items()) if name.startswith(PUBLIC)}


def variables_digest(variables: Mapping[str, str]) -> str:
    """`sha256:<hex>` of a set of variables: what a release calls it."""
    return _digest(dict(sorted(variables.items())))


def build_digest(files: Iterable[BuildFile]) -> str:
    """`sha256:<hex>` of paths, kinds and contents. Permissions count only as far as a file is executable."""
    return _digest([[file.path, _kind(file.mode), file.sha256] for file in sorted(files, key=lambda one: one.path)])


def mapped_files(configuration: bytes, where: str) -> tuple[str, ...]:
    """The files that a function takes from outside the output folder, relative to the app. Raises SesariError."""
    try:
        found = json.loads(configuration).get("filePathMap") or {}
        paths = tuple(sorted({str(path) for path in found.values()}))
    except (AttributeError, ValueError) as error:
        raise SesariError(Problem("build-damaged", "A function of the build has no readable description", where)) from (
            error
        )
    outside = [path for path in paths if path.startswith("/") or ".." in path.split("/")]
    if outside:
        hint = "Keep what the app imports in its own folder"
        raise SesariError(
            Problem("build-outside", "The build takes a file from outside its folder", where, outside[0], hint)
        )
    return paths


def deployment_body(
    project: str, files: Iterable[BuildFile], meta: Mapping[str, str], commit: str, variables: Mapping[str, str]
) -> JsonObject:
    """A prebuilt deployment that takes no domain. `meta` finds it again; `variables` are its own, beside the project's.

    https://vercel.com/docs/rest-api/reference/endpoints/deployments/create-a-new-deployment
    """
    listed: list[Any] = [
        {"file": file.path, "sha": file.sha1, "size": file.size, "mode": file.mode}
        for file in sorted(files, key=lambda one: one.path)
    ]
    return {
        "name": project,
        "project": project,
        "target": "production",
        "version": 2,
        "source": "cli",
        "autoAssignCustomDomains": False,
        "files": listed,
        "meta": dict(meta),
        "env": dict(variables),
        "gitMetadata": {"commitSha": commit, "dirty": False},
    }


def missing_files(answer: JsonObject) -> tuple[str, ...]:
    """The SHA-1 of every content that has to be uploaded first; empty when the answer asks for none."""
    error = answer.get("error")
    if not isinstance(error, dict) or error.get("code") != "missing_files":
        return ()
    missing = error.get("missing")
    return tuple(sorted({str(sha) for sha in missing})) if isinstance(missing, list) else ()


def read_deployment(answer: JsonObject, scheme: str) -> Deployment:
    """A deployment from the API's answer. Raises SesariError `vercel-answer`."""
    id, url = answer.get("id") or answer.get("uid"), answer.get("url")
    if not isinstance(id, str) or not isinstance(url, str):
        raise _unreadable("a deployment without an id or a URL")
    state = str(answer.get("readyState") or answer.get("state") or "")
    readiness = Readiness.READY if state == "READY" else Readiness.FAILED if state in _FAILED else Readiness.COMING
    told = answer.get("errorMessage") or answer.get("errorCode") or ""
    why = str(told or _FAILED[state]) if readiness is Readiness.FAILED else state.lower()
    return Deployment(id, f"{scheme}://{url}", readiness, why)


def same_deployment(answer: JsonObject, meta: Mapping[str, str], scheme: str) -> Deployment | None:
    """The newest deployment of a list that carries exactly this meta and did not fail: it need not be made again."""
    listed = answer.get("deployments")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    for entry in sorted(entries, key=lambda one: _number(one.get("created")), reverse=True):
        held = entry.get("meta")
        if isinstance(held, dict) and all(held.get(name) == value for name, value in meta.items()):
            found = read_deployment(entry, scheme)
            if found.readiness is not Readiness.FAILED:
                return found
    return None


def read_project(answer: JsonObject, scheme: str) -> VercelProject:
    """A project from the API's answer. Raises SesariError `vercel-answer`."""
    id, name = answer.get("id"), answer.get("name")
    if not isinstance(id, str) or not isinstance(name, str):
        raise _unreadable("a project without an id or a name")
    targets, last = answer.get("targets"), answer.get("lastAliasRequest")
    production = targets.get("production") if isinstance(targets, dict) else None
    request = None
    if isinstance(last, dict) and last.get("toDeploymentId"):
        request = AliasRequest(
            str(last["toDeploymentId"]),
            str(last.get("jobStatus")),
            _number(last.get("requestedAt")),
            str(last.get("type")),
        )
    shown = str(production["id"]) if isinstance(production, dict) and production.get("id") else None
    alias = production.get("alias") if isinstance(production, dict) else None
    hosts = tuple(str(host) for host in alias) if isinstance(alias, list) else ()
    return VercelProject(id, name, shown, request, hosts, f"{scheme}://{hosts[0]}" if hosts else None)


class Step(Enum):
    """What to do next for a deployment to be the one that the domains show."""

    ASK = "ask"
    WAIT = "wait"
    DONE = "done"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Turn:
    """`why` is for people."""

    step: Step
    why: str = ""


def next_turn(project: VercelProject, wanted: str, asked_after: int | None) -> Turn:
    """From what is seen to what is done. `asked_after` is None while we have not asked, else the `requested` of the
    project's last request at that moment (0: there was none): answers can lag behind what was accepted.
    """
    last = project.request
    if last is not None and last.moving:
        return Turn(Step.WAIT, f"{last.kind} to {last.deployment} is {last.status}")
    if project.production == wanted:
        return Turn(Step.DONE)
    if asked_after is None:
        return Turn(Step.ASK)
    if last is None or last.requested <= asked_after:
        return Turn(Step.WAIT, "the request is not seen yet")
    if last.deployment != wanted:
        return Turn(Step.GIVE_UP, f"somebody else's {last.kind} to {last.deployment} came between")
    if last.status == "succeeded":
        return Turn(Step.WAIT, "the domains have not moved yet")
    return Turn(Step.GIVE_UP, f"Vercel says that it {last.status}")


def _digest(value: object) -> str:
    body = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    return "program" if mode & 0o100 else "file"


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _unreadable(why: str) -> SesariError:
    return SesariError(Problem("vercel-answer", "Vercel's answer could not be understood", why=why))
