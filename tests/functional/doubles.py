"""A provider double in a process of its own, and a root on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import engine

from sesari.rehearsal.provider.assembly import Habitat, load_schema, recorded_backend
from sesari.rehearsal.provider.fabricate import Place
from sesari.rehearsal.provider.recorded import Recorded
from sesari.rehearsal.provider.store import RecordStore

ACCOUNT = "111111111111"
REGION = "us-east-1"
HEADER = """
terraform {
  required_providers {
    aws      = { source = "hashicorp/aws", version = "5.100.0" }
    vercel   = { source = "vercel/vercel", version = "5.10.0" }
    supabase = { source = "supabase/supabase", version = "1.10.1" }
  }
}
"""
PROVIDER = """
provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["111111111111"]
  default_tags { tags = { product = "shop", managed-by = "terraform" } }
}
"""


VPC = 'resource "aws_vpc" "this" {\n  cidr_block = "10.0.0.0/16"\n}\n'


@dataclass
class Daemon:
    folder: Path
    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def variables(self, identity: str = "deploy") -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("TF_")},
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_REATTACH_PROVIDERS": json.dumps(self.ready["reattach"][identity]),
            "CHECKPOINT_DISABLE": "1",
        }

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def recorded(self, provider: str = "aws") -> Recorded:
        habitat = Habitat(self.folder, "dev", Place(ACCOUNT, REGION))
        return recorded_backend(load_schema(provider), habitat, RecordStore(habitat.record_file(provider)))

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.folder / "faults.json").write_text(json.dumps(faults))


def start(folder: Path) -> Daemon:
    argv = [sys.executable, "-m", "sesari.rehearsal.provider", "--folder", str(folder)]
    argv += ["--environment", "dev", "--account", ACCOUNT, "--region", REGION]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return Daemon(folder, process, json.loads(process.stdout.readline()))


@dataclass
class Root:
    """A root module on a daemon, and Terraform run in it."""

    folder: Path
    daemon: Daemon

    def run(self, *arguments: str, identity: str = "deploy", exit_codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [*engine.command(), *arguments],
            cwd=self.folder,
            env=self.daemon.variables(identity),
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode in exit_codes, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, *parts: str) -> None:
        (self.folder / "main.tf").write_text("\n".join((HEADER, *parts)))

    def apply(self, *parts: str) -> str:
        """Write, apply, and require that a second plan is empty."""
        self.write(*parts)
        output = self.run("apply", "-auto-approve", "-no-color")
        self.require_empty()
        return output

    def require_empty(self) -> None:
        code_two = self.run("plan", "-detailed-exitcode", "-no-color", exit_codes=(0, 2))
        assert "No changes" in code_two, code_two

    def plan(self) -> dict[str, Any]:
        self.run("plan", "-out=plan", "-no-color")
        document: dict[str, Any] = json.loads(self.run("show", "-json", "plan"))
        return document

    def changes(self) -> dict[str, dict[str, Any]]:
        return {
            change["address"]: change["change"]
            for change in self.plan().get("resource_changes", [])
            if change["change"]["actions"] != ["no-op"]
        }

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}

    def attributes(self, address: str) -> dict[str, Any]:
        state = json.loads(self.run("show", "-json"))
        found = [one for one in state["values"]["root_module"]["resources"] if one["address"] == address]
        assert found, f"{address} is not in the state"
        values: dict[str, Any] = found[0]["values"]
        return values


def make_root(folder: Path, daemon: Daemon) -> Root:
    folder.mkdir()
    made = Root(folder, daemon)
    made.write(PROVIDER)
    made.run("init", "-no-color")
    return made
