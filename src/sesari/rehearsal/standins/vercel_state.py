"""What the offline Vercel holds: projects, deployments and their jobs, in one folder that outlives the process."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import Any

from sesari.rehearsal.cloud_folder import write_private
from sesari.rehearsal.standins.vercel_faults import VercelFaults
from sesari.rehearsal.standins.vercel_output import BuildFailed, put_together, read_output
from sesari.rehearsal.standins.vercel_records import RecordedProject, recorded_projects

BUILD_SECONDS = 0.3
PROMOTION_SECONDS = 0.3

Object = dict[str, Any]


class VercelState:
    """One process owns it. A project exists when Terraform's double recorded it, or when the API was asked to make it.

    Jobs need nobody to run them: what they have come to follows from the clock whenever it is looked at.
    """

    def __init__(self, cloud: Path) -> None:
        self._cloud = cloud
        self.folder = cloud / "vercel"
        self.faults = VercelFaults()
        self._file = self.folder / "state.json"
        self._held: Object = {"projects": {}, "deployments": {}, "ports": {}}
        if self._file.exists():
            self._held = json.loads(self._file.read_text("utf-8"))

    @property
    def cloud(self) -> Path:
        return self._cloud

    def uploads(self, team: str) -> Path:
        """Contents by their SHA-1: a team's own, no other can use them."""
        return self.folder / "files" / team

    def tree(self, deployment: str) -> Path:
        return self.folder / "deployments" / deployment

    def save(self) -> None:
        write_private(self._file, json.dumps(self._held, indent=1).encode())

    def port(self, name: str) -> int:
        """The port that a project or deployment had, 0 for none yet."""
        return int(self._held["ports"].get(name, 0))

    def keep_port(self, name: str, port: int) -> None:
        self._held["ports"][name] = port
        self.save()

    def upload(self, team: str, sha: str, body: bytes) -> bool:
        """Keep a content; False when it is not what its digest says."""
        if hashlib.sha1(body, usedforsecurity=False).hexdigest() != sha:
            return False
        if not self.has_upload(team, sha):
            write_private(self.uploads(team) / sha, body)
        return True

    def has_upload(self, team: str, sha: str) -> bool:
        return sha.isalnum() and (self.uploads(team) / sha).exists()

    def projects(self, team: str) -> list[Object]:
        """The team's projects. One that Terraform made has its id, name and domains as Terraform left them."""
        recorded = {id: one for id, one in recorded_projects(self._cloud).items() if one.team == team}
        for id, project in recorded.items():
            self._held["projects"].setdefault(id, _project(id, project.name, team) | {"recorded": True})
        mine = [one for one in self._held["projects"].values() if one["team"] == team]
        # Terraform destroyed what is no longer recorded.
        there = [one for one in mine if not one.get("recorded") or one["id"] in recorded]
        for one in there:
            self._settle(one)
            if one["id"] in recorded:
                _refresh(one, recorded[one["id"]])
        return there

    def project(self, team: str, name: str) -> Object | None:
        return next((one for one in self.projects(team) if name in (one["id"], one["name"])), None)

    def make_project(self, team: str, name: str) -> Object:
        id = f"prj_{secrets.token_hex(12)}"
        self._held["projects"][id] = _project(id, name, team)
        self.save()
        made: Object = self._held["projects"][id]
        return made

    def deployments(self, team: str) -> list[Object]:
        """Of projects that are there, newest first."""
        projects = {one["id"] for one in self.projects(team)}
        mine = [one for one in self._held["deployments"].values() if one["projectId"] in projects]
        for one in mine:
            self._settle_build(one)
        return sorted(mine, key=lambda one: -int(one["created"]))

    def deployment(self, team: str, name: str) -> Object | None:
        """By id or by its address."""
        return next((one for one in self.deployments(team) if name in (one["id"], one["url"])), None)

    def everything(self) -> tuple[list[Object], list[Object]]:
        """All projects and all deployments, for serving them."""
        return list(self._held["projects"].values()), list(self._held["deployments"].values())

    def make_deployment(self, project: Object, body: Object) -> Object:
        """A deployment that is being built. Its files are put together at once; whether they serve shows when ready."""
        id, now = f"dpl_{secrets.token_hex(14)}", _now()
        slow = self.faults.next("build", project["team"])
        seconds = slow.seconds if slow and slow.kind == "delay" else BUILD_SECONDS
        failure = "the build was made to fail" if slow and slow.kind == "error" else None
        try:
            put_together(self.tree(id), body["files"], self.uploads(project["team"]))
            read_output(self.tree(id))
        except (BuildFailed, ValueError) as error:
            failure = failure or str(error)
        self._held["deployments"][id] = {
            "id": id,
            "projectId": project["id"],
            "team": project["team"],
            "name": project["name"],
            "url": "",
            "created": now,
            "ready": now + int(seconds * 1000),
            "failure": failure,
            "readyState": "QUEUED",
            "target": body.get("target"),
            "meta": body.get("meta") or {},
            "env": body.get("env") or {},
            "git": body.get("gitMetadata") or {},
            "assign": body.get("autoAssignCustomDomains", True) is not False and body.get("target") == "production",
            "served": False,
        }
        self.save()
        made: Object = self._held["deployments"][id]
        return made

    def move(self, project: Object, deployment: Object, kind: str) -> None:
        """Begin a promotion or a rollback."""
        fault = self.faults.next("promotion", project["team"])
        seconds = fault.seconds if fault and fault.kind == "delay" else PROMOTION_SECONDS
        now = max(_now(), int((project.get("last") or {}).get("requestedAt", 0)) + 1)
        project["last"] = {
            "fromDeploymentId": project.get("production"),
            "toDeploymentId": deployment["id"],
            "requestedAt": now,
            "jobStatus": "pending",
            "type": kind,
            "due": now + int(seconds * 1000),
            "fails": bool(fault and fault.kind == "error"),
        }
        self.save()

    def production(self, project: str) -> Object | None:
        """The deployment that the project's domains show now."""
        held: Object | None = self._held["projects"].get(project)
        if held is None:
            return None
        self._settle(held)
        shown: Object | None = self._held["deployments"].get(held.get("production"))
        return shown

    def by_id(self, deployment: str) -> Object | None:
        found: Object | None = self._held["deployments"].get(deployment)
        if found is not None:
            self._settle_build(found)
        return found

    def variables(self, project: str) -> dict[str, str]:
        """The project's own variables: Terraform's and those that the API was given."""
        held = self._held["projects"].get(project) or {}
        recorded = recorded_projects(self._cloud).get(project)
        given = {one["key"]: one["value"] for one in held.get("env", ()) if "production" in one["target"]}
        return {**(recorded.variables if recorded else {}), **given}

    def _settle(self, project: Object) -> None:
        last = project.get("last")
        if not last or last["jobStatus"] not in ("pending", "in-progress"):
            return
        now = _now()
        if now < last["due"]:
            last["jobStatus"] = "in-progress"
            return
        last["jobStatus"] = "failed" if last["fails"] else "succeeded"
        if not last["fails"]:
            project["production"] = last["toDeploymentId"]
            self._held["deployments"][last["toDeploymentId"]]["served"] = True
        self.save()

    def _settle_build(self, deployment: Object) -> None:
        if deployment["readyState"] not in ("QUEUED", "BUILDING"):
            return
        if _now() < deployment["ready"]:
            deployment["readyState"] = "BUILDING"
            return
        deployment["readyState"] = "ERROR" if deployment["failure"] else "READY"
        if deployment["readyState"] == "READY" and deployment["assign"]:
            self._held["projects"][deployment["projectId"]]["production"] = deployment["id"]
            deployment["served"] = True
        self.save()


def _project(id: str, name: str, team: str) -> Object:
    return {
        "id": id,
        "name": name,
        "team": team,
        "created": _now(),
        "env": [],
        "domains": [],
        "production": None,
        "last": None,
    }


def _refresh(project: Object, recorded: RecordedProject) -> None:
    project["name"] = recorded.name
    project["domains"] = list(dict.fromkeys([*recorded.domains, *project.get("added", ())]))


def _now() -> int:
    return int(time.time() * 1000)
