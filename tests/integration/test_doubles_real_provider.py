"""The double plans what the real hashicorp/aws provider plans: the same roots under both, compared value by value."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests import engine

import sesari

MODULES = Path(sesari.__file__).parent / "modules"
SCHEMAS = Path(sesari.__file__).parent / "rehearsal/provider/schemas"
ROOTS = Path(__file__).parent / "roots"
ACCOUNT = "222222222222"

# Nobody's account: the real provider is asked to plan, and a plan of new resources asks AWS nothing.
OFFLINE = """
provider "aws" {
  access_key                  = "none"
  secret_key                  = "none"
  allowed_account_ids         = null
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""

# Where the double is known to plan something else, by type and attribute.
KNOWN = {
    # The real provider computes these from the domain name before the apply.
    ("aws_acm_certificate", "domain_validation_options"),
    ("aws_acm_certificate", "subject_alternative_names"),
    # Defaults inside nested blocks.
    ("aws_lb_listener", "default_action"),
    ("aws_s3_bucket_lifecycle_configuration", "rule"),
}


@contextmanager
def double(folder: Path) -> Iterator[dict[str, str]]:
    argv = [sys.executable, "-m", "sesari.rehearsal.provider", "--folder", str(folder)]
    argv += ["--environment", "staging", "--account", ACCOUNT, "--region", "us-east-1"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        reattach = json.loads(process.stdout.readline())["reattach"]["plan"]
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_REATTACH_PROVIDERS": json.dumps(reattach),
            "CHECKPOINT_DISABLE": "1",
        }
    finally:
        process.terminate()
        process.wait(timeout=40)


def planned(folder: Path, variables: dict[str, str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By address: the type, and the planned attributes with the unknown ones marked."""
    for words in (["init", "-input=false"], ["plan", "-input=false", "-out=plan"]):
        done = subprocess.run([*engine.command(), *words], cwd=folder, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    shown = subprocess.run(
        [*engine.command(), "show", "-json", "plan"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        change["address"]: (change["type"], marked(change["change"]["after"], change["change"]["after_unknown"]))
        for change in json.loads(shown.stdout)["resource_changes"]
    }


def marked(after: Any, unknown: Any) -> Any:
    if unknown is True:
        return "(known after apply)"
    if isinstance(after, dict):
        marks = unknown if isinstance(unknown, dict) else {}
        return {name: marked(after.get(name), marks.get(name)) for name in after.keys() | marks.keys()}
    if isinstance(after, list):
        marks_of = unknown if isinstance(unknown, list) else [None] * len(after)
        return [marked(item, mark) for item, mark in zip(after, marks_of, strict=True)]
    return after


def normal(value: Any) -> Any:
    """Zero values dropped (one with null to SDKv2), JSON texts parsed, lists without order (most are sets)."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        return normal(json.loads(value))
    if isinstance(value, dict):
        kept = {name: normal(item) for name, item in sorted(value.items())}
        return {name: item for name, item in kept.items() if item not in (None, "", 0, False, [], {})}
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=json.dumps)
    return value


@pytest.mark.parametrize("name", ["bootstrap", "environment"])
def test_the_double_plans_what_the_real_provider_plans(name: str, real: dict[str, str], tmp_path: Path) -> None:
    folders = {}
    for side in ("real", "double"):
        folders[side] = tmp_path / side
        shutil.copytree(ROOTS / name, folders[side])
        shutil.copytree(MODULES, folders[side] / "modules")
        (folders[side] / "offline_override.tf").write_text(OFFLINE)
        (folders[side] / "terraform.tfvars").write_text("" if name == "bootstrap" else "scaling = true\n")
    expected = planned(folders["real"], real)
    with double(tmp_path / "cloud") as variables:
        found = planned(folders["double"], variables)
    assert found.keys() == expected.keys() and len(expected) > 10
    different = {}
    for address, (type, attributes) in expected.items():
        ours = found[address][1]
        for attribute in attributes.keys() | ours.keys():
            pair = normal(attributes.get(attribute)), normal(ours.get(attribute))
            if pair[0] != pair[1] and (type, attribute) not in KNOWN and pair not in ((None, []), ([], None)):
                different[f"{address}.{attribute}"] = pair
    assert different == {}


FLAGS = ("type", "required", "optional", "computed", "sensitive", "write_only", "deprecated")


def flattened(block: dict[str, Any], at: str) -> dict[str, Any]:
    """Every attribute and nested block of a schema by its place."""
    flat: dict[str, Any] = {}
    for name, attribute in block.get("attributes", {}).items():
        flat[f"{at}.{name}"] = {flag: attribute[flag] for flag in FLAGS if flag in attribute}
        if "nested_type" in attribute:
            flat.update(flattened(attribute["nested_type"], f"{at}.{name}"))
    for name, nested in block.get("block_types", {}).items():
        flat[f"{at}.{name}"] = {key: nested[key] for key in ("nesting_mode", "min_items", "max_items") if key in nested}
        flat.update(flattened(nested["block"], f"{at}.{name}"))
    return flat


def test_the_schema_in_the_package_is_the_real_providers(real: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'terraform {\n required_providers {\n  aws = { source = "hashicorp/aws", version = "5.100.0" }\n }\n}\n'
    )
    subprocess.run([*engine.command(), "init"], cwd=tmp_path, env=real, capture_output=True, check=True)
    shown = subprocess.run(
        [*engine.command(), "providers", "schema", "-json"], cwd=tmp_path, env=real, capture_output=True, check=True
    )
    (theirs,) = json.loads(shown.stdout)["provider_schemas"].values()
    (ours,) = json.loads((SCHEMAS / "aws-5.100.0.json").read_text())["provider_schemas"].values()
    for kind in ("resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"):
        for type, schema in ours[kind].items():
            assert schema["version"] == theirs[kind][type]["version"], type
            assert flattened(schema["block"], type) == flattened(theirs[kind][type]["block"], type)
    assert flattened(ours["provider"]["block"], "provider") == flattened(theirs["provider"]["block"], "provider")
