"""A project exists on the offline Vercel when Terraform's double recorded it."""

from __future__ import annotations

import json
from pathlib import Path

from sesari.rehearsal.provider.store import RecordStore
from sesari.rehearsal.standins.vercel_records import emulator, recorded_projects
from sesari.rehearsal.standins.vercel_state import VercelState

VARIABLES = [
    {"key": "AWS_ROLE_ARN", "value": "arn", "target": ["production"]},
    {"key": "PREVIEW", "value": "x", "target": ["preview"]},
]


def cloud(folder: Path) -> RecordStore:
    sites = {"staging": {"vercel_team": "team-s"}, "delivery": {"vercel_team": None}}
    (folder / "cloud.json").write_text(json.dumps({"emulator": 1234, "sites": sites}))
    store = RecordStore(folder / "environments" / "staging" / "vercel.sqlite")
    store.put("vercel_project", "prj_1", {"id": "prj_1", "name": "shop-staging-web"})
    store.put("vercel_project_domain", "d", {"id": "d", "project_id": "prj_1", "domain": "staging.example.com"})
    store.put("vercel_project_environment_variables", "prj_1", {"project_id": "prj_1", "variables": VARIABLES})
    return store


def test_what_terraform_made_is_there_with_its_variables_and_domains(tmp_path: Path) -> None:
    cloud(tmp_path).close()
    found = recorded_projects(tmp_path)["prj_1"]
    assert (found.name, found.team, found.domains) == ("shop-staging-web", "team-s", ("staging.example.com",))
    assert found.variables == {"AWS_ROLE_ARN": "arn"}
    assert emulator(tmp_path) == "http://127.0.0.1:1234"
    state = VercelState(tmp_path)
    assert [one["id"] for one in state.projects("team-s")] == ["prj_1"]
    assert state.projects("another") == []
    assert state.project("team-s", "shop-staging-web") == state.project("team-s", "prj_1")


def test_what_terraform_destroyed_is_gone(tmp_path: Path) -> None:
    store = cloud(tmp_path)
    state = VercelState(tmp_path)
    assert state.project("team-s", "prj_1") is not None
    store.remove("vercel_project", "prj_1")
    store.close()
    assert state.project("team-s", "prj_1") is None


def test_without_a_cloud_nothing_is_recorded(tmp_path: Path) -> None:
    assert recorded_projects(tmp_path) == {}
    assert emulator(tmp_path) is None
