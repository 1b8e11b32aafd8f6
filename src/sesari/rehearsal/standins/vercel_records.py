"""The Vercel projects that Terraform made: read from what the provider doubles recorded, never written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedProject:
    """A project as Terraform left it. `variables` are those of its production; `domains` its own host names."""

    id: str
    name: str
    team: str
    variables: Mapping[str, str]
    domains: tuple[str, ...]


def recorded_projects(cloud: Path) -> dict[str, RecordedProject]:
    """Every project of every environment by id; none where no cloud was started in the folder."""
    found: dict[str, RecordedProject] = {}
    for environment, team in _teams(cloud).items():
        file = cloud / "environments" / environment / "vercel.sqlite"
        if file.exists():
            found |= {project.id: project for project in _projects(file, team)}
    return found


def emulator(cloud: Path) -> str | None:
    """Where the emulated AWS answers."""
    port = _record(cloud).get("emulator")
    return f"http://127.0.0.1:{port}" if port else None


def _projects(file: Path, team: str) -> list[RecordedProject]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
        rows = connection.execute("select type, state from resources").fetchall()
    by_type: dict[str, list[dict[str, Any]]] = {}
    for type, state in rows:
        by_type.setdefault(type, []).append(json.loads(state))
    projects = []
    for state in by_type.get("vercel_project", ()):
        variables: dict[str, str] = {}
        for resource in by_type.get("vercel_project_environment_variables", ()):
            if resource["project_id"] == state["id"]:
                variables |= _production(resource.get("variables") or ())
        single = [
            one
            for one in by_type.get("vercel_project_environment_variable", ())
            if one.get("project_id") == state["id"]
        ]
        variables |= _production(single)
        domains = tuple(
            str(one["domain"])
            for one in by_type.get("vercel_project_domain", ())
            if one.get("project_id") == state["id"]
        )
        projects.append(RecordedProject(state["id"], state["name"], team, variables, domains))
    return projects


def _production(variables: Any) -> dict[str, str]:
    return {one["key"]: one["value"] for one in variables if "production" in (one.get("target") or ())}


def _teams(cloud: Path) -> dict[str, str]:
    sites = _record(cloud).get("sites") or {}
    return {name: site["vercel_team"] for name, site in sites.items() if site.get("vercel_team")}


def _record(cloud: Path) -> dict[str, Any]:
    try:
        value = json.loads((cloud / "cloud.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
